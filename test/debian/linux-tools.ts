import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'

import { cached } from './cache.ts'
import { linuxSource } from './linux-source.ts'
import { Unavailable } from './unavailable.ts'

export interface Libbpf {
  /** `libbpf.so.1.8.0` and `libbpf.a`. */
  readonly shared: string
  readonly archive: string
  /** Its headers, as `<bpf/libbpf.h>`. */
  readonly include: string
}

/**
 * bpftool 7.8, built from the source of Linux 7.3 once a machine: Debian 12 has 7.1. Throws Unavailable where that is
 * not to be had.
 */
export async function bpftool78(): Promise<string> {
  const folder = await built('bpftool-7.8', 'tools/bpf/bpftool')
  return join(folder, 'bpftool')
}

/** libbpf 1.8, from the same source: Debian 12 has 1.1. Throws Unavailable. */
export async function libbpf18(): Promise<Libbpf> {
  const words = ['prefix=', 'all', 'install_headers']
  const folder = await built('libbpf-1.8', 'tools/lib/bpf', (output) => [
    `DESTDIR=${output}`,
    ...words,
  ])
  return {
    shared: join(folder, 'libbpf.so.1.8.0'),
    archive: join(folder, 'libbpf.a'),
    include: join(folder, 'include'),
  }
}

/** The folder of what `make` makes of a folder of the kernel's source. */
function built(
  name: string,
  path: string,
  words: (output: string) => string[] = () => [],
): Promise<string> {
  return cached(`${name}-${process.arch}`, async (output) => {
    const source = await linuxSource('7.3', ['tools', 'scripts', 'kernel/bpf'])
    const jobs = `-j${availableParallelism()}`
    const make = ['make', '-C', join(source, path), jobs, `OUTPUT=${output}/`, ...words(output)]
    const done = await execa('nice', make, { reject: false })
    if (done.failed) throw new Unavailable(`${make.join(' ')}: ${done.stderr || done.message}`)
  })
}
