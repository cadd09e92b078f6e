import type { Integer } from '../../codec/input.ts'
import { uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { tracefsAdvice } from '../host/tracefs.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { tracepointLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { attachOptions } from './attach-options.ts'
import { tracepointAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'

const bpf_program__attach_tracepoint_opts = fromLibbpf(
  'ptr bpf_program__attach_tracepoint_opts(ptr, str, str, ptr)',
)

/** BPF_PROG_TYPE_TRACEPOINT. Attaching needs tracefs. */
export class TracepointProgram extends Program {
  /**
   * @param category `sched`
   * @param name `sched_process_exec`
   * @param options.cookie the value of bpf_get_attach_cookie() in the program; needs Linux 5.15
   */
  attachTracepoint(
    category: string,
    name: string,
    options: { cookie?: Integer | undefined } = {},
  ): Link {
    requireKnownOptions('attachTracepoint()', options, ['cookie'])
    // struct bpf_tracepoint_opts: sz, bpf_cookie.
    const opts = attachOptions(16)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    const operation = `attach to tracepoint ${category}/${name}`
    const attach = bpf_program__attach_tracepoint_opts
    return this.adopt(linkByLibbpf(this, operation, attach, category, name, opts))
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    const { log } = attempt
    return tracefsAdvice(log) ?? tracepointAdvice(log) ?? super.advice(attempt)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return tracepointLinks
  }
}
