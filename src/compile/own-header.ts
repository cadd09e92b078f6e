import { basename } from 'node:path'

import { vmlinuxHeader } from './vmlinux.ts'

/** What libbpf installs for BPF programs, wherever a copy of it lies. */
const libbpf = new Set([
  'bpf_core_read.h',
  'bpf_endian.h',
  'bpf_helper_defs.h',
  'bpf_helpers.h',
  'bpf_tracing.h',
  'usdt.bpf.h',
])
const systemRE =
  /^(?:\/usr\/(?:local\/)?|\/)(?:include|lib\d*)\/|[/\\]lib\d*[/\\]clang[/\\][\d.]+[/\\]include[/\\]/

/** Whether a file is the program's own: not vmlinux.h, not libbpf's, not the system's. Takes absolute paths. */
export function isOwnHeader(file: string): boolean {
  const name = basename(file)
  return name !== vmlinuxHeader && !libbpf.has(name) && !systemRE.test(file)
}
