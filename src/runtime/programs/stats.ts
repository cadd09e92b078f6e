import { BPF_ENABLE_STATS, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { BpfError } from '../host/error.ts'

export interface Stats extends Disposable {
  /** Makes the kernel stop counting, unless another process still asks for it. A second call does nothing. */
  disable(): void
}

/**
 * Makes the kernel count the runs of every BPF program and their time, for `info.runCount` and `info.runTime`. It costs
 * each run about 20 ns.
 * @throws {BpfError}
 */
export function enableStats(): Stats {
  // union bpf_attr.enable_stats: BPF_STATS_RUN_TIME.
  const fd = bpf(BPF_ENABLE_STATS, scratch(8))
  if (fd < 0) {
    const hint = privilegeHint(-fd, ['CAP_SYS_ADMIN'])
    throw new BpfError({ operation: 'enable BPF run statistics', errno: -fd, hint })
  }
  let open = true
  const disable = (): void => {
    if (open) close(fd)
    open = false
  }
  return { disable, [Symbol.dispose]: disable }
}
