import { hostArch } from '../../uapi/target-arch.ts'

/** The architectures of libbpf's `__TARGET_ARCH_…` (bpf_tracing.h). clang's BPF target defines no such macro. */
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

/** Returns the architecture that Node runs on, by the kernel's name for it. */
export function nativeArch(): Arch {
  const host = hostArch()
  return arches.find((arch) => arch === host) ?? 'x86'
}

/** Returns clang's target. `bpf` would take the build machine's byte order, which the agent's machine may not share. */
export function clangTarget(arch: Arch): 'bpf' | 'bpfeb' {
  return arch === 's390' || arch === 'sparc' ? 'bpfeb' : 'bpf'
}

/** Replaces `[arch]` in an option's path by the architecture. */
export function pathFor(arch: Arch, path: string): string {
  return path.replaceAll('[arch]', arch)
}
