import { BpfError } from '../host/error.ts'

/** A ring in which the next record cannot be found. Who reads it has to begin anew. */
export class LostPosition extends BpfError {
  /** @param object the ring's map @param reason what was found */
  constructor(object: string, reason: string) {
    super({
      code: 'ERR_BPF_MALFORMED',
      operation: 'read on in',
      object,
      reason,
      hint:
        'That happens when another process reads the same ring: give each a ring of its own. Records were missed; ' +
        'subscribe again to go on with those that are whole.',
    })
  }
}
