import { arch as hostArch } from 'node:os'

/** The names of libbpf's `__TARGET_ARCH_…` (libbpf bpf_tracing.h), which clang's BPF target lacks. */
export const arches = [
  'x86',
  'arm64',
  'arm',
  'mips',
  'powerpc',
  'riscv',
  's390',
  'sparc',
  'loongarch',
  'arc',
] as const
export type Arch = (typeof arches)[number]

const ofNode: Readonly<Record<string, Arch>> = {
  x64: 'x86',
  ia32: 'x86',
  arm64: 'arm64',
  arm: 'arm',
  mips: 'mips',
  mipsel: 'mips',
  ppc64: 'powerpc',
  riscv64: 'riscv',
  s390x: 's390',
  loong64: 'loongarch',
}

/** The architecture that Node runs on, in the kernel's word. */
export function nativeArch(): Arch {
  return ofNode[hostArch()] ?? 'x86'
}

/** clang's target: `bpf` is of the host's byte order, which the agent's machine may not share. */
export function clangTarget(arch: Arch): 'bpf' | 'bpfeb' {
  return arch === 's390' || arch === 'sparc' ? 'bpfeb' : 'bpf'
}
