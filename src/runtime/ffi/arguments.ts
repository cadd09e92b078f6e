import type { Integer } from '../../codec/input.ts'

/* Checks of the arguments that users pass, before C gets them. `name` is what the error calls the argument. */

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

/** Checks a cookie, an address or an offset. @throws {TypeError | RangeError} */
export function uint64(name: string, value: Integer): bigint {
  if (typeof value !== 'bigint' && typeof value !== 'number') {
    throw new TypeError(`${name} must be a bigint or a number, not ${typeof value}`)
  }
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${name} must be a safe integer or a bigint, not ${value}`)
  }
  const big = BigInt(value)
  if (BigInt.asUintN(64, big) !== big)
    throw new RangeError(`${name} must be between 0 and 2^64 - 1, not ${big}`)
  return big
}

/** @throws {TypeError | RangeError} */
export function uint32(name: string, value: number): number {
  requireType(name, value, 'number')
  if (Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value
  throw new RangeError(`${name} must be a whole number between 0 and 2^32 - 1, not ${value}`)
}

/** @throws {TypeError} */
export function boolean(name: string, value: boolean): boolean {
  return requireType(name, value, 'boolean')
}

/** The most functions that one link takes (kernel/trace/bpf_trace.c: MAX_KPROBE_MULTI_CNT). */
const maxItems = 1 << 20

/**
 * Copies a caller's list, reading and checking each item once, so that C gets as many items as it is told. A proxy or a
 * sparse list may claim any length, so a longer one than the kernel takes is refused before it is read.
 * @throws {TypeError | RangeError}
 */
export function copyList<T, R>(
  name: string,
  given: readonly T[],
  checked: (item: T) => R,
): readonly R[] {
  if (!Array.isArray(given)) throw new TypeError(`${name} must be a list, not ${typeof given}`)
  const copy: R[] = []
  const { length } = given
  if (!(length <= maxItems)) {
    throw new RangeError(`${name} must have at most ${maxItems} items, not ${length}`)
  }
  for (let i = 0; i < length; i++) copy[i] = checked(given[i] as T)
  return copy
}

/** Returns the C constant for a name. @throws {TypeError} that lists the names */
export function constantOf<K extends string>(
  what: string,
  table: Readonly<Record<K, number>>,
  name: K,
): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined
  if (value !== undefined) return value
  throw new TypeError(
    `${what} must be one of ${Object.keys(table).join(', ')}, not ${String(name)}`,
  )
}
