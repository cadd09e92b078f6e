import { ENOTSUPP } from '../host/errno.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'

/** BPF_PROG_TYPE_STRUCT_OPS: a function of a struct in SEC(".struct_ops"). */
export class StructOpsProgram extends Program {
  /** @internal */
  override loadAdvice(errno: number): string | undefined {
    return errno === ENOTSUPP
      ? 'Name it in a struct in SEC(".struct_ops"), or set its autoload to false'
      : undefined
  }

  /** @internal */
  override advice(attempt: FailedAttach): string {
    return (
      super.advice({ ...attempt, bySection: false }) ??
      'The kernel calls it through a struct: attach() the skeleton, or attachStructOps() the map of that struct'
    )
  }
}
