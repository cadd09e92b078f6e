import { privilegeHint } from '../host/capabilities.ts'
import { BpfError } from '../host/error.ts'
import { tellingLines } from './load-failure.ts'

/** Why bpf_object__open_skeleton failed. */
export function openFailure(name: string, errno: number, log: string | undefined): BpfError {
  return new BpfError({
    operation: 'open',
    object: name,
    errno,
    // What comes before are notes on what was left out.
    reason: tellingLines(log ?? '').at(-1),
    log,
    hint: privilegeHint(errno),
  })
}
