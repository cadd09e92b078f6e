import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

import { debianPackage } from '../../debian/archive.ts'
import { libbpfHeaders } from '../../debian/linux-tools.ts'
import { compiled } from './compiled.ts'
import type { Corpus } from './corpus.ts'
import { ARCH, inSource, kernelSources, sourcesIn, type Place } from './kernel-sources.ts'

const SAMPLES = 'samples/bpf'

const modern: Place = {
  name: 'samples of 6.1 with vmlinux.h',
  version: '6.1',
  folder: SAMPLES,
  pattern: /\.bpf\.c$/u,
  headers: [SAMPLES],
}

/** Linux 6.1's samples/bpf. Most are of the time before vmlinux.h: they include the kernel's own headers. */
export async function samples(): Promise<Corpus[]> {
  const folders = [
    ...(await kernelHeaders()),
    await libbpfHeaders('6.1'),
    ...(await inSource('6.1', [SAMPLES, 'tools/testing/selftests/bpf', 'tools/include'])),
  ]
  const [workaround = ''] = await inSource('6.1', [`${SAMPLES}/asm_goto_workaround.h`])
  const old = await compiled({
    name: 'samples of 6.1',
    files: await sourcesIn({ ...modern, pattern: /_kern\.c$/u }),
    flags: [
      '-D__KERNEL__',
      '-D__BPF_TRACING__',
      ARCH,
      '-fno-stack-protector',
      '-fno-asynchronous-unwind-tables',
      '-nostdlibinc',
      ...folders.flatMap((path) => ['-I', path]),
      '-include',
      'linux/kconfig.h',
      '-include',
      workaround,
    ],
    isHostC: true,
  })
  return [old, await kernelSources(modern)]
}

/** As Debian's packages of them split them up, in the order of the kernel's Makefile. */
async function kernelHeaders(): Promise<string[]> {
  const [common, own] = await Promise.all(
    ['common', 'cloud-amd64'].map(async (flavour) => {
      const folder = await debianPackage({ suite: 'bookworm' }, `linux-headers-6.1.*-${flavour}`)
      const path = join(folder, 'usr/src')
      return join(path, (await readdir(path))[0] ?? '')
    }),
  )
  const folders = ['', '/uapi'].flatMap((part) => [
    `${common}/arch/x86/include${part}`,
    `${own}/arch/x86/include/generated${part}`,
    `${common}/include${part}`,
    part === '' ? `${own}/include` : `${own}/include/generated/uapi`,
  ])
  return folders
}
