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
    object: /^(?:arena_)?atomics\.o$/u,
    reason: 'programs and variables are called and, or, xor: no names in C++',
  },
  {
    check: 'loading',
    object: /^test_(?:urandom_)?usdt\.o$/u,
    reason:
      'with the usdt.bpf.h of 6.1 it would read wrong arguments through libbpf 1.8: the runtime refuses that',
  },
]

export function reasonOf(check: string, object: string): string | undefined {
  return EXCEPTIONS.find((known) => known.check === check && known.object.test(object))?.reason
}
