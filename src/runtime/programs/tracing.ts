import type { Integer } from '../../codec/input.ts'
import { uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { kernelLink, linkByLibbpf, typeFieldsOffset } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { rawTracepointLinks, tracingLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { btfTargetAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import { trampolineAdvice } from './trampoline.ts'

const bpf_program__attach_trace = fromLibbpf('ptr bpf_program__attach_trace(ptr)')

/** BPF_PROG_TYPE_TRACING: tp_btf here, fentry and the like in fentry.ts. */
export class TracingProgram extends Program {
  /**
   * Attaches to the function or tracepoint that its section names.
   * @param options.cookie the value of bpf_get_attach_cookie() in the program; needs Linux 6.0, for tp_btf 6.10
   */
  attachTrace(options: { cookie?: Integer | undefined } = {}): Link {
    requireKnownOptions('attachTrace()', options, ['cookie'])
    const cookie = uint64('cookie', options.cookie ?? 0)
    if (cookie === 0n) return this.adopt(linkByLibbpf(this, 'attach', bpf_program__attach_trace))
    // libbpf 1.1 refuses a cookie for tp_btf (libbpf: bpf.c: bpf_link_create).
    return this.adopt(
      kernelLink(this, 'attach with a cookie', {
        target: 0,
        attachType: this.expectedAttachType,
        // union bpf_attr.link_create.tracing: target_btf_id, cookie.
        writeTypeFields: (attr) => attr.data.setBigUint64(typeFieldsOffset + 8, cookie, true),
      }),
    )
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    return this.loadAdvice(attempt.errno) ?? super.advice(attempt)
  }

  /** @internal */
  override loadAdvice(errno: number, log = ''): string | undefined {
    return trampolineAdvice(this.section, errno) ?? btfTargetAdvice(this.section, log)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return { ...rawTracepointLinks, ...tracingLinks }
  }
}
