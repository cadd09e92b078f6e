import type { Integer } from '../codec/input.ts'
import { fromLibbpf } from '../ffi/library.ts'
import { requireKnown } from '../known-options.ts'
import { createLink } from '../links/create.ts'
import type { Link } from '../links/link.ts'
import { uint64 } from './attach-options.ts'
import { Program } from './program.ts'

const bpf_program__attach_trace = fromLibbpf('bpf_program__attach_trace', 'uintptr_t', [
  'uintptr_t',
])
const bpf_program__expected_attach_type = fromLibbpf('bpf_program__expected_attach_type', 'int', [
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
    const cookie = uint64('cookie', options.cookie ?? 0)
    if (cookie === 0n) return this.link('attach', bpf_program__attach_trace)
    // libbpf 1.1 refuses one of tp_btf, which kernels take from 6.10 on (libbpf: bpf.c: bpf_link_create).
    return createLink(this, 'attach with a cookie', {
      target: 0,
      attachType: bpf_program__expected_attach_type(this.pointer('attach')),
      // struct { target_btf_id; cookie }
      tail: (attr, offset) => attr.setBigUint64(offset + 8, cookie, true),
    })
  }
}
