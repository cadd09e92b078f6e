import { constantOf } from '../ffi/arguments.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { unsupported } from '../host/error.ts'

/** libbpf.h: enum probe_attach_mode, less PROBE_ATTACH_MODE_. */
const modes = { default: 0, legacy: 1, perf: 2, link: 3 } as const

/** How a probe is made: the newest way the kernel has, through tracefs, as a perf event, or as a link of one. */
export type ProbeMode = keyof typeof modes

/** @throws {BpfError} `ERR_BPF_UNSUPPORTED` below libbpf 1.2, for any but the default */
export function attachModeNumber(mode: ProbeMode = 'default'): number {
  const number = constantOf('attachMode', modes, mode)
  if (number !== 0 && !libbpfIsAtLeast(1, 2)) {
    const reason = 'the installed libbpf cannot'
    throw unsupported('choose attachMode', mode, reason, 'It came with libbpf 1.2')
  }
  return number
}
