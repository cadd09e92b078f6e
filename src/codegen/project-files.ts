import { basename } from 'node:path'

/** The headers of libbpf, wherever a project keeps them. */
const LIBBPF_HEADERS: ReadonlySet<string> = new Set([
  'bpf_core_read.h',
  'bpf_endian.h',
  'bpf_helper_defs.h',
  'bpf_helpers.h',
  'bpf_tracing.h',
  'usdt.bpf.h',
])

/**
 * Returns the test whether a file belongs to the project: its source and headers, but not vmlinux.h, libbpf's headers, or
 * those that `isSystem` names.
 */
export function projectFiles(isSystem: (file: string) => boolean): (file: string) => boolean {
  return (file) => {
    const name = basename(file)
    const isForeign = /^vmlinux.*\.h$/u.test(name) || LIBBPF_HEADERS.has(name)
    return !isForeign && !isSystem(file)
  }
}

/** Returns whether a file lies where system headers usually do: the only clue for an object that others compiled. */
export function isInSystemFolder(file: string): boolean {
  return /^\/usr\/(?:local\/)?include\/|^\/nix\/store\/|\/lib\/clang\/[\d.]+\/include\//u.test(file)
}
