import { addFeature } from './features.ts'
import type { IntLayout } from './layout.ts'

/** How 64-bit integers become numbers. RangeError past 2^53-1. */
export interface SafeIntegers {
  of(value: number | bigint): number
  read(d: DataView, o: number, signed: boolean): number
}

/** A 64-bit integer tagged `js:number`. */
export function safe(int: IntLayout): IntLayout {
  addFeature('safe', { of: toSafe, read: readSafe })
  return { ...int, safe: true }
}

function toSafe(value: number | bigint): number {
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new RangeError(
    `${value} is past 2^53-1, the most of a field tagged js:number; without the tag it is a bigint`,
  )
}

/** A 64-bit integer tagged js:number. */
function readSafe(d: DataView, o: number, signed: boolean): number {
  const high = signed ? d.getInt32(o + 4, true) : d.getUint32(o + 4, true)
  const value = high * 2 ** 32 + d.getUint32(o, true)
  if (Number.isSafeInteger(value)) return value
  return toSafe(signed ? d.getBigInt64(o, true) : d.getBigUint64(o, true))
}
