import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { debianPackage } from '../../debian/archive.ts'
import { linuxSource, type LinuxVersion } from '../../debian/linux-source.ts'
import { libbpfHeaders } from '../../debian/linux-tools.ts'
import { compiled } from './compiled.ts'
import type { Corpus } from './corpus.ts'

/** The suites whose linux-bpf-dev has the kernel's vmlinux.h. Debian 12 has none; 6.12's nearly does for 6.1. */
const VMLINUX_SUITES = { '6.1': 'trixie', '7.3': 'trixie-backports' } as const

const SELFTESTS = 'tools/testing/selftests/bpf'

/** A folder of the kernel's source that holds BPF programs. */
export interface Place {
  readonly name: string
  readonly version: LinuxVersion
  readonly folder: string
  readonly pattern: RegExp
  /** Folders of headers, in the source. */
  readonly headers: readonly string[]
  readonly target?: 'bpfel' | 'bpfeb'
}

/** The programs by which the kernel tests BPF. */
export const selftests61: Place = selftestsOf('6.1')
export const selftests73: Place = selftestsOf('7.3')

export const others73: readonly Place[] = [
  { ...selftests73, name: 'selftests of 7.3, big-endian', target: 'bpfeb' },
  of73('tools/sched_ext', ['tools/sched_ext/include', 'tools/sched_ext/include/bpf-compat']),
  of73('tools/testing/selftests/sched_ext', [
    'tools/testing/selftests/sched_ext/include',
    'tools/sched_ext/include',
    'tools/sched_ext/include/bpf-compat',
  ]),
  of73('tools/perf/util/bpf_skel', [
    'tools/perf/util/bpf_skel',
    'tools/perf/util',
    'tools/include',
  ]),
  of73(`${SELFTESTS}/libarena/src`, [`${SELFTESTS}/libarena/include`, SELFTESTS]),
  of73(`${SELFTESTS}/libarena/selftests`, [`${SELFTESTS}/libarena/include`, SELFTESTS]),
]

function selftestsOf(version: LinuxVersion): Place {
  return {
    name: `selftests of ${version}`,
    version,
    folder: `${SELFTESTS}/progs`,
    pattern: /\.c$/u,
    headers: [SELFTESTS, `${SELFTESTS}/progs`, `${SELFTESTS}/libarena/include`],
  }
}

function of73(folder: string, headers: readonly string[]): Place {
  const name = `${folder.replaceAll('/', ' ')} of 7.3`
  return { name, version: '7.3', folder, pattern: /\.bpf\.c$/u, headers }
}

export async function kernelSources(place: Place): Promise<Corpus> {
  const { name, version, headers, target } = place
  const folders = [
    await vmlinuxHeader(version),
    await libbpfHeaders(version),
    ...(await inSource(version, [...headers, 'tools/include/uapi'])),
  ]
  // <uapi/linux/filter.h>
  const [last = ''] = await inSource(version, ['tools/include'])
  return compiled({
    name,
    files: await sourcesIn(place),
    flags: [...folders.flatMap((path) => ['-I', path]), '-idirafter', last, ARCH],
    ...(target && { target }),
  })
}

/** How bpf_tracing.h is told whose registers a program looks at. */
export const ARCH: string = `-D__TARGET_ARCH_${process.arch === 'arm64' ? 'arm64' : 'x86'}`

export async function sourcesIn({ version, folder, pattern }: Place): Promise<string[]> {
  const path = join(await linuxSource(version), folder)
  const files = (await readdir(path)).filter((file) => pattern.test(file))
  return files.toSorted().map((file) => join(path, file))
}

/** The folder of a vmlinux.h for programs of that version. */
export async function vmlinuxHeader(version: LinuxVersion): Promise<string> {
  const folder = await debianPackage({ suite: VMLINUX_SUITES[version] }, 'linux-bpf-dev')
  const triplet = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  return join(folder, 'usr/include', triplet, 'linux/bpf')
}

export async function inSource(version: LinuxVersion, paths: readonly string[]): Promise<string[]> {
  const source = await linuxSource(version)
  return paths.map((path) => join(source, path))
}
