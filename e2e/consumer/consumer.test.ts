import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'

const exec = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const modules = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** TypeScript 6 is what the project itself is written in. */
const compilers = {
  '5.9': 'typescript-5.9',
  '6': 'typescript',
  '7': 'typescript-7',
} as const

const wrong = readFileSync(join(here, 'src/wrong.ts'), 'utf8')
/** From 1: those below a mark. */
const wrongLines = wrong
  .split('\n')
  .flatMap((line, i) => (line.includes('@ts-expect-error') ? [i + 2] : []))

let installed: Installed

beforeAll(async () => {
  installed = await installPackage(['@types/node', 'undici-types'])
  for (const name of ['src', 'package.json', 'tsconfig.json']) {
    await cp(join(here, name), join(installed.app, name), { recursive: true })
  }
  const unmarked = wrong.replaceAll('@ts-expect-error', '')
  await writeFile(join(installed.app, 'src/unmarked.ts'), unmarked)
  await run('node', [join(installed.folder, 'dist/cli.mjs'), 'gen', 'types'])
})
afterAll(() => installed?.remove())

describe.each(Object.entries(compilers))('TypeScript %s', (_, name) => {
  const compiler = join(modules, name, 'bin/tsc')

  it('takes right uses of generated declarations and finds each wrong one', async () => {
    const errors = await run('node', [compiler, '--project', '.']).then(
      () => '',
      (failure) => failure.stdout,
    )
    // In wrong.ts every error is expected; its copy has the same lines without that mark.
    const places: string[] = errors.match(/^\S+\.ts\(\d+/gm) ?? []
    expect(new Set(places)).toEqual(new Set(wrongLines.map((line) => `src/unmarked.ts(${line}`)))
    expect(places.length).toBeGreaterThan(15)
  })

  it('takes imports without declarations when unplugin-bpf/client is among the types', async () => {
    const config = {
      extends: './tsconfig.json',
      compilerOptions: {
        types: ['node', 'unplugin-bpf/client'],
        rootDirs: ['.'],
        allowArbitraryExtensions: false,
      },
      include: ['loose.ts'],
    }
    await writeFile(join(installed.app, 'tsconfig.loose.json'), JSON.stringify(config))
    await cp(join(here, 'loose.ts'), join(installed.app, 'loose.ts'))
    expect(await run('node', [compiler, '--project', 'tsconfig.loose.json'])).toBe('')
  })
})

it('has sound declarations itself', async () => {
  // The fastest of the compilers.
  const compiler = join(modules, compilers['7'], 'bin/tsc')
  const errors = await run('node', [compiler, '--project', '.', '--skipLibCheck', 'false']).then(
    () => '',
    (failure) => failure.stdout,
  )
  expect(errors.replaceAll(/^src\/unmarked\.ts.*\n(?: .*\n)*/gm, '')).toBe('')
})

/** In the application. Rejects with its output when it fails. */
async function run(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await exec(command, args, { cwd: installed.app })
  return stdout
}
