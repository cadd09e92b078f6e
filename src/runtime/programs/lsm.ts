import { fromLibbpf } from '../ffi/libbpf.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { tracingLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { btfTargetAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import { trampolineAdvice } from './trampoline.ts'

const bpf_program__attach_lsm = fromLibbpf('ptr bpf_program__attach_lsm(ptr)')

/** BPF_PROG_TYPE_LSM. The kernel calls it only when it was booted with `lsm=…,bpf`. */
export class LsmProgram extends Program {
  /** Attaches to the hook that its section names. */
  attachLsm(): Link {
    return this.adopt(linkByLibbpf(this, 'attach', bpf_program__attach_lsm))
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
