import { availableParallelism } from 'node:os'
import { join } from 'node:path'

import { execa } from 'execa'

import { cached } from './cache.ts'
import { linuxSource, type LinuxVersion } from './linux-source.ts'
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
  const folder = await built('bpftool-7.8', { version: '7.3', path: 'tools/bpf/bpftool' })
  return join(folder, 'bpftool')
}

/** libbpf 1.8, from the same source: Debian 12 has 1.1. Throws Unavailable. */
export async function libbpf18(): Promise<Libbpf> {
  const targets = ['all', 'install_headers']
  const folder = await built('libbpf-1.8', { version: '7.3', path: LIBBPF, targets })
  return {
    shared: join(folder, 'libbpf.so.1.8.0'),
    archive: join(folder, 'libbpf.a'),
    include: join(folder, 'include'),
  }
}

/** A folder of the headers of a kernel's own libbpf, as `<bpf/libbpf.h>`. Throws Unavailable. */
export async function libbpfHeaders(version: LinuxVersion): Promise<string> {
  const targets = ['install_headers']
  const folder = await built(`libbpf-of-${version}`, { version, path: LIBBPF, targets })
  return join(folder, 'include')
}

const LIBBPF = 'tools/lib/bpf'

interface Make {
  readonly version: LinuxVersion
  /** A folder of the kernel's source. */
  readonly path: string
  readonly targets?: readonly string[]
}

/** The folder of what `make` makes there. */
function built(name: string, { version, path, targets = [] }: Make): Promise<string> {
  return cached(`${name}-${process.arch}`, async (output) => {
    const folder = join(await linuxSource(version), path)
    const places = [`OUTPUT=${output}/`, `DESTDIR=${output}`, 'prefix=']
    const words = ['make', '-C', folder, `-j${availableParallelism()}`, ...places, ...targets]
    const done = await execa('nice', words, { reject: false })
    if (done.failed) throw new Unavailable(`${words.join(' ')}: ${done.stderr || done.message}`)
  })
}
