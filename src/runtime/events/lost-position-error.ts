import { BpfError } from '../host/error.ts'

/** The error of a ring in which the next record cannot be found: readers must subscribe anew. */
export class LostPositionError extends BpfError {
  /** @param object the ring's map, for the message @param reason what was found in the ring */
  constructor(object: string, reason: string) {
    super({
      code: 'ERR_BPF_MALFORMED',
      operation: 'read the next record of',
      object,
      reason,
      hint:
        'This happens when another process reads the same ring: give each process a ring of its own. Records were lost; ' +
        'subscribe again to read on.',
    })
  }
}
