import { descriptor } from '../descriptors/descriptor.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { tracingLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { btfTargetAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import { trampolineAdvice } from './trampoline.ts'

const bpf_program__attach_freplace = fromLibbpf('ptr bpf_program__attach_freplace(ptr, int, str?)')

/** BPF_PROG_TYPE_EXT: replaces a function of another program, which `setAttachTarget()` names before `load()`. */
export class ExtensionProgram extends Program {
  /** Replaces the function that `setAttachTarget()` named. */
  attachFreplace(): Link
  /**
   * Replaces a function of the same type in another program.
   * @param target a loaded program or its descriptor
   */
  attachFreplace(target: { readonly fd: number } | number, functionName: string): Link
  attachFreplace(target?: { readonly fd: number } | number, functionName?: string): Link {
    const fd = target === undefined ? 0 : descriptor(target, 'attachFreplace() takes a program')
    const operation = functionName === undefined ? 'attach' : `replace ${functionName} by`
    const name = functionName ?? null
    return this.adopt(linkByLibbpf(this, operation, bpf_program__attach_freplace, fd, name))
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
    return tracingLinks
  }
}
