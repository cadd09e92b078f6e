import type { Integer } from '../../codec/input.ts'

/*
 * What JavaScript is given, before C gets it.
 */

interface Types {
  boolean: boolean
  number: number
  string: string
}

/** @throws {TypeError} */
export function requireType<T extends keyof Types>(
  name: string,
  value: unknown,
  type: T,
): Types[T] {
  if (typeof value === type) return value as Types[T]
  throw new TypeError(`${name} must be a ${type}, not ${value === null ? 'null' : typeof value}`)
}

/** A cookie, an address or an offset. @throws {TypeError | RangeError} */
export function uint64(name: string, value: Integer): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    throw new TypeError(`${name} must be a bigint or a number, not ${typeof value}`)
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name} must be a safe integer or a bigint, not ${value}`)
  }
  const big = BigInt(value)
  if (BigInt.asUintN(64, big) !== big) throw new RangeError(`${name} must have 64 bits, not ${big}`)
  return big
}

/** @throws {TypeError | RangeError} */
export function uint32(name: string, value: number): number {
  requireType(name, value, 'number')
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value
  throw new RangeError(`${name} must be a whole number of 32 bits, not ${value}`)
}

/** @throws {TypeError} */
export function boolean(name: string, value: boolean): boolean {
  return requireType(name, value, 'boolean')
}

/** The most functions that one link takes (kernel/trace/bpf_trace.c: MAX_KPROBE_MULTI_CNT). */
const longestList = 1 << 20

/**
 * A copy of a caller's list, each item read and checked once: what is copied for C is as long as C is told. A list may
 * claim any length, being a proxy or sparse, so a longer one than the kernel takes is refused before it is read.
 * @throws {TypeError | RangeError}
 */
export function copyList<T, R>(
  name: string,
  given: readonly T[],
  checked: (item: T) => R,
): readonly R[] {
  if (!Array.isArray(given)) throw new TypeError(`${name} must be a list, not ${typeof given}`)
  const own: R[] = []
  const { length } = given
  if (!(length <= longestList)) {
    throw new RangeError(`${name} must have at most ${longestList} items, not ${length}`)
  }
  for (let i = 0; i < length; i++) own[i] = checked(given[i] as T)
  return own
}

/** The number of a name, `table` being what C calls constants. @throws {TypeError} naming the choices */
export function constantOf<K extends string>(
  what: string,
  table: Readonly<Record<K, number>>,
  name: K,
): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined
  if (value !== undefined) return value
  throw new TypeError(`${what} is one of ${Object.keys(table).join(', ')}, not ${String(name)}`)
}
