/** A difference that stays, and why it must. */
interface Exception {
  /** The name of the check. */
  readonly check: string
  /** The object's file name. */
  readonly object: RegExp
  readonly reason: string
}

/** All that differs from what the checks demand. */
const EXCEPTIONS: readonly Exception[] = [
  {
    check: 'C skeleton through g++',
    object: /^atomics\.o$/u,
    reason: 'its programs and variables are called and, or, xor: no names in C++',
  },
]

export function reasonOf(check: string, object: string): string | undefined {
  return EXCEPTIONS.find((known) => known.check === check && known.object.test(object))?.reason
}
