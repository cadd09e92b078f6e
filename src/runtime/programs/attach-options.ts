import type { Scratch } from '../ffi/memory.ts'
import { scratch } from '../ffi/memory.ts'

/** One of libbpf's `struct bpf_*_opts`, zeroed, its size written first (libbpf.h). */
export function attachOptions(size: number): Scratch {
  const options = scratch(size)
  options.data.setBigUint64(0, BigInt(size), true)
  return options
}

/** A cookie, an address or an offset. @throws {TypeError | RangeError} */
export function uint64(name: string, value: bigint | number): bigint {
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
