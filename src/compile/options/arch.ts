import { hostArch } from '../../uapi/target-arch.ts'

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

/** The architecture that Node runs on, in the kernel's word. */
export function nativeArch(): Arch {
  const host = hostArch()
  return arches.find((arch) => arch === host) ?? 'x86'
}

/** clang's target: `bpf` is of the host's byte order, which the agent's machine may not share. */
export function clangTarget(arch: Arch): 'bpf' | 'bpfeb' {
  return arch === 's390' || arch === 'sparc' ? 'bpfeb' : 'bpf'
}

/** A path of an option whose `[arch]` stands for the architecture that is compiled for. */
export function pathFor(arch: Arch, path: string): string {
  return path.replaceAll('[arch]', arch)
}
