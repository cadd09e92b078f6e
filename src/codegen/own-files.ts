import { basename, sep } from 'node:path'

/** Headers of libbpf, wherever a project keeps them. */
const LIBBPF_HEADERS: ReadonlySet<string> = new Set([
  'bpf_core_read.h',
  'bpf_endian.h',
  'bpf_helper_defs.h',
  'bpf_helpers.h',
  'bpf_tracing.h',
  'usdt.bpf.h',
])

const SYSTEM_FOLDERS = /^\/(?:usr|opt|nix)\/|\/lib\/clang\/\d+\/include\//u

/**
 * Whether what a file declares is the program's own: its source and its headers, but not vmlinux.h,
 * libbpf's or the system's. `root` is the project's folder, which may well be /usr/src/app.
 */
export function ownFiles(root: string): (file: string) => boolean {
  return (file) => {
    const name = basename(file)
    if (/^vmlinux.*\.h$/u.test(name) || LIBBPF_HEADERS.has(name)) return false
    return file.startsWith(root + sep) || !SYSTEM_FOLDERS.test(file)
  }
}
