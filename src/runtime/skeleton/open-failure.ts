import { privilegeHint } from '../host/capabilities.ts'
import { BpfError } from '../host/error.ts'
import { specificLines } from './libbpf-messages.ts'

/** Explains why bpf_object__open_skeleton failed. */
export function openFailure(name: string, errno: number, log: string | undefined): BpfError {
  return new BpfError({
    operation: 'open',
    object: name,
    errno,
    // Earlier lines are notes on what libbpf left out.
    reason: specificLines(log ?? '').at(-1),
    log,
    hint: privilegeHint(errno),
  })
}
