import type { Integer } from '../codec/input.ts'
import { fromLibbpf } from '../ffi/library.ts'
import { requireKnown } from '../known-options.ts'
import type { Link } from '../links/link.ts'
import { attachOptions, uint64 } from './attach-options.ts'
import { Program } from './program.ts'

const bpf_program__attach_trace_opts = fromLibbpf('bpf_program__attach_trace_opts', 'uintptr_t', [
  'uintptr_t',
  'uintptr_t',
])

/** TRACING: fentry, fexit, fmod_ret, tp_btf, iter. */
export class TracingProgram extends Program {
  /**
   * Attaches to the function or tracepoint that its section names.
   * @param options.cookie what bpf_get_attach_cookie() returns in the program
   */
  attachTrace(options: { cookie?: Integer } = {}): Link {
    requireKnown('attachTrace()', options, ['cookie'])
    // struct bpf_trace_opts: sz, cookie.
    const opts = attachOptions(16)
    opts.data.setBigUint64(8, uint64('cookie', options.cookie ?? 0), true)
    return this.link('attach', bpf_program__attach_trace_opts, opts.address)
  }
}
