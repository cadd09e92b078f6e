import { addSupport } from './layout-support.ts'
import type { IntLayout } from './layout.ts'

/** Turns 64-bit integers into numbers, with a RangeError past 2^53-1. */
export interface SafeIntegers {
  convert(value: number | bigint): number
  read(d: DataView, o: number, signed: boolean): number
}

/** Makes the layout of a 64-bit integer tagged `js:number`, which is read as a number. */
export function safe(int: IntLayout): IntLayout {
  addSupport('safe', { convert: toSafe, read: readSafe })
  return { ...int, safe: true }
}

function toSafe(value: number | bigint): number {
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new RangeError(
    `${value} is past 2^53-1, the largest integer that a field tagged js:number can hold. Remove the tag to read it as a bigint`,
  )
}

/** Reads a 64-bit integer as a number, without a bigint on the way where the value is safe. */
function readSafe(d: DataView, o: number, signed: boolean): number {
  const high = signed ? d.getInt32(o + 4, true) : d.getUint32(o + 4, true)
  const value = high * 2 ** 32 + d.getUint32(o, true)
  if (Number.isSafeInteger(value)) return value
  return toSafe(signed ? d.getBigInt64(o, true) : d.getBigUint64(o, true))
}
