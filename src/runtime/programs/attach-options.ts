import type { Integer } from '../codec/input.ts'
import type { Struct } from '../ffi/memory.ts'
import { struct } from '../ffi/memory.ts'

/** One of libbpf's `struct bpf_*_opts`, zeroed, its size written first (libbpf.h). */
export function attachOptions(size: number): Struct {
  const options = struct(size)
  options.data.setBigUint64(0, BigInt(size), true)
  return options
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
  if (typeof value !== 'number') {
    throw new TypeError(`${name} must be a number, not ${typeof value}`)
  }
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`${name} must be a whole number of 32 bits, not ${value}`)
  }
  return value
}

/** @throws {TypeError} */
export function boolean(name: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be a boolean, not ${typeof value}`)
}

/** The number of a name, `table` being what C calls constants. @throws {TypeError} naming the choices */
export function oneOf<K extends string>(
  what: string,
  table: Readonly<Record<K, number>>,
  name: K,
): number {
  const value = Object.hasOwn(table, name) ? table[name] : undefined
  if (value !== undefined) return value
  throw new TypeError(`${what} is one of ${Object.keys(table).join(', ')}, not ${String(name)}`)
}
