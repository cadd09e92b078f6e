import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { execa } from 'execa'

import { debianPackage } from './archive.ts'
import { cached } from './cache.ts'

/** The suites of the kernels whose source is used. */
const SUITES = { '6.1': 'bookworm', '7.3': 'trixie-backports' } as const

export type LinuxVersion = keyof typeof SUITES

/**
 * The folder of a kernel's source in which these folders (`tools`, `samples/bpf`) are, from Debian's package of it.
 * Throws Unavailable.
 */
export async function linuxSource(
  version: LinuxVersion,
  folders: readonly string[],
): Promise<string> {
  const name = `linux-${version}-${folders.join('+').replaceAll('/', '_')}`
  return cached(name, async (folder) => {
    const unpacked = await debianPackage(SUITES[version], `linux-source-${version}`)
    const places = join(unpacked, 'usr/src')
    const archive = (await readdir(places)).find((file) => file.endsWith('.tar.xz')) ?? ''
    const members = folders.map((path) => `linux-source-${version}/${path}`)
    const how = ['-xJf', join(places, archive), '--strip-components=1', '-C', folder]
    await execa('tar', [...how, ...members])
  })
}
