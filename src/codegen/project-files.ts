import { basename } from 'node:path'

/** Headers of libbpf, wherever a project keeps them. */
const LIBBPF_HEADERS: ReadonlySet<string> = new Set([
  'bpf_core_read.h',
  'bpf_endian.h',
  'bpf_helper_defs.h',
  'bpf_helpers.h',
  'bpf_tracing.h',
  'usdt.bpf.h',
])

/**
 * Whether what a file declares is the program's own: its source and its headers, but not vmlinux.h,
 * libbpf's or the system's. `isSystem` tells the last.
 */
export function projectFiles(isSystem: (file: string) => boolean): (file: string) => boolean {
  return (file) => {
    const name = basename(file)
    const isForeign = /^vmlinux.*\.h$/u.test(name) || LIBBPF_HEADERS.has(name)
    return !isForeign && !isSystem(file)
  }
}

/** Where the system's headers usually lie: of an object that others compiled, nothing else tells. */
export function isInSystemFolder(file: string): boolean {
  return /^\/usr\/(?:local\/)?include\/|^\/nix\/store\/|\/lib\/clang\/[\d.]+\/include\//u.test(file)
}
