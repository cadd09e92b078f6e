import { constantOf } from '../ffi/arguments.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { unsupported } from '../host/error.ts'

/** libbpf.h: enum probe_attach_mode, without PROBE_ATTACH_MODE_. */
const modes = { default: 0, legacy: 1, perf: 2, link: 3 } as const

/** How a probe is made: `default` the newest way that the kernel has, `legacy` by tracefs, `perf` by perf events, `link` by perf links. */
export type ProbeMode = keyof typeof modes

/** @throws {BpfError} `ERR_BPF_UNSUPPORTED` before libbpf 1.2, for any mode but the default */
export function attachModeNumber(mode: ProbeMode = 'default'): number {
  const number = constantOf('attachMode', modes, mode)
  if (number !== 0 && !libbpfIsAtLeast(1, 2)) {
    const reason = 'the installed libbpf has no attach modes'
    throw unsupported(
      'set attachMode to',
      mode,
      reason,
      'Install libbpf 1.2, or leave attachMode out',
    )
  }
  return number
}
