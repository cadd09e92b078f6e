import { fromLibbpf } from './library.ts'

const majorVersion = fromLibbpf('libbpf_major_version', 'uint32_t', [])
const minorVersion = fromLibbpf('libbpf_minor_version', 'uint32_t', [])

/** Of the installed libbpf. */
export function libbpfIsAtLeast(major: number, minor: number): boolean {
  return majorVersion() > major || (majorVersion() === major && minorVersion() >= minor)
}
