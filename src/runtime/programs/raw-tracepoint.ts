import { fromLibbpf } from '../ffi/library.ts'
import type { Link } from '../links/link.ts'
import { Program } from './program.ts'

const bpf_program__attach_raw_tracepoint = fromLibbpf(
  'bpf_program__attach_raw_tracepoint',
  'uintptr_t',
  ['uintptr_t', 'str'],
)

/** RAW_TRACEPOINT. */
export class RawTracepointProgram extends Program {
  /** @param tracepoint its name alone: `sched_process_exec` */
  attachRawTracepoint(tracepoint: string): Link {
    return this.link(
      `attach to raw tracepoint ${tracepoint}`,
      bpf_program__attach_raw_tracepoint,
      tracepoint,
    )
  }
}
