import { fromLibbpf } from './libbpf.ts'

const majorVersion = fromLibbpf('u32 libbpf_major_version()')
const minorVersion = fromLibbpf('u32 libbpf_minor_version()')

/** Whether the installed libbpf has this version or a newer one. */
export function libbpfIsAtLeast(major: number, minor: number): boolean {
  return majorVersion() > major || (majorVersion() === major && minorVersion() >= minor)
}
