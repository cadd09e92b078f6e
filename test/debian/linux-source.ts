import { join } from 'node:path'

import { execa } from 'execa'

import { debianPackage } from './archive.ts'
import { cached } from './cache.ts'

/** The suites of the kernels whose source is used. */
const SUITES = { '6.1': 'bookworm', '7.3': 'trixie-backports' } as const

export type LinuxVersion = keyof typeof SUITES

/** What the tests use of it, a twentieth. */
const FOLDERS = ['tools', 'scripts', 'kernel/bpf', 'samples/bpf']

/** The folder of a kernel's source, from Debian's package of it. Throws Unavailable. */
export async function linuxSource(version: LinuxVersion): Promise<string> {
  return cached(`linux-${version}`, async (folder) => {
    const unpacked = await debianPackage({ suite: SUITES[version] }, `linux-source-${version}`)
    const archive = join(unpacked, 'usr/src', `linux-source-${version}.tar.xz`)
    const members = FOLDERS.map((path) => `linux-source-${version}/${path}`)
    await execa('tar', ['-xJf', archive, '--strip-components=1', '-C', folder, ...members])
  })
}
