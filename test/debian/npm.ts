import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { execa } from 'execa'

import { cached } from './cache.ts'
import { Unavailable } from './unavailable.ts'

/** The folder of an unpacked npm package, of whatever system it is for. Throws Unavailable. */
export function npmPackage(name: string, version: string): Promise<string> {
  const place = `${name.replace('/', '+')}-${version}`
  return cached(join('npm', place), async (cwd) => {
    const packed = await execa('npm', ['pack', `${name}@${version}`], { cwd, reject: false })
    if (packed.failed) throw new Unavailable(`npm: ${packed.stderr}`)
    const [archive = ''] = await readdir(cwd)
    await execa('tar', ['-xf', archive, '--strip-components=1'], { cwd })
  })
}
