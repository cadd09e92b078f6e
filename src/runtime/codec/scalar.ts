import { readBits, writeBits } from './bits.ts'
import type { BoolLayout, EnumLayout, FloatLayout, IntLayout, Layout } from './layout.ts'
import { describe, type Path, rangeError, typeError } from './path.ts'

export type ScalarLayout = IntLayout | BoolLayout | FloatLayout | EnumLayout
export type Scalar = number | bigint | boolean
export interface Bits {
  readonly offset: number
  readonly size: number
}

export function isScalar(layout: Layout): layout is ScalarLayout {
  switch (layout.kind) {
    case 'int':
    case 'bool':
    case 'float':
    case 'enum':
      return true
    default:
      return false
  }
}

/** What DataView calls the bytes of a layout of at most 8. */
export type ElementType =
  | `${'Int' | 'Uint'}${8 | 16 | 32}`
  | `Float${32 | 64}`
  | `Big${'Int' | 'Uint'}64`

export function elementType(layout: ScalarLayout): ElementType {
  if (layout.kind === 'float') return layout.size === 4 ? 'Float32' : 'Float64'
  const signed = isSigned(layout)
  switch (layout.size) {
    case 1:
      return signed ? 'Int8' : 'Uint8'
    case 2:
      return signed ? 'Int16' : 'Uint16'
    case 4:
      return signed ? 'Int32' : 'Uint32'
    default:
      return signed ? 'BigInt64' : 'BigUint64'
  }
}

export function isSigned(layout: Layout): boolean {
  return (layout.kind === 'int' || layout.kind === 'enum') && layout.signed
}

export function isWideEnum(layout: ScalarLayout): boolean {
  return layout.kind === 'enum' && layout.size === 8
}

type Read<T extends Scalar = Scalar> = (d: DataView, o: number) => T

// One function a type, so that the method a view calls is known to the optimiser.
const readers: Record<ElementType, Read> = {
  Int8: (d, o) => d.getInt8(o),
  Uint8: (d, o) => d.getUint8(o),
  Int16: (d, o) => d.getInt16(o, true),
  Uint16: (d, o) => d.getUint16(o, true),
  Int32: (d, o) => d.getInt32(o, true),
  Uint32: (d, o) => d.getUint32(o, true),
  BigInt64: (d, o) => d.getBigInt64(o, true),
  BigUint64: (d, o) => d.getBigUint64(o, true),
  Float32: (d, o) => d.getFloat32(o, true),
  Float64: (d, o) => d.getFloat64(o, true),
}

export function toSafe(value: number | bigint): number {
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new RangeError(
    `${value} is past 2^53-1, the largest number of a field tagged js:number: without the tag it is a bigint`,
  )
}

/** A 64-bit integer tagged `js:number`. */
export function readSafe(d: DataView, o: number, signed: boolean): number {
  const high = signed ? d.getInt32(o + 4, true) : d.getUint32(o + 4, true)
  const value = high * 2 ** 32 + d.getUint32(o, true)
  if (Number.isSafeInteger(value)) return value
  return toSafe(signed ? d.getBigInt64(o, true) : d.getBigUint64(o, true))
}

export function readInt128(d: DataView, o: number, signed: boolean): bigint {
  const high = signed ? d.getBigInt64(o + 8, true) : d.getBigUint64(o + 8, true)
  return (high << 64n) | d.getBigUint64(o, true)
}

/** What reads a value of the layout, or the bitfield in it. */
export function scalarReader(layout: ScalarLayout, bits?: Bits): Read {
  const signed = isSigned(layout)
  const safe = layout.kind === 'int' && layout.safe
  let read: Read = readers[elementType(layout)]
  if (bits) {
    const { offset, size } = bits
    read = (d, o) => readBits(d, o, offset, size, signed)
    if (safe) read = (d, o) => toSafe(readBits(d, o, offset, size, signed))
    // A constant of a 64-bit enum is a bigint, so its bitfields are.
    if (isWideEnum(layout)) read = (d, o) => BigInt(readBits(d, o, offset, size, signed))
  } else if (layout.size === 16) read = (d, o) => readInt128(d, o, signed)
  else if (safe && layout.size === 8) read = (d, o) => readSafe(d, o, signed)
  return layout.kind === 'bool' ? (d, o) => Number(read(d, o)) !== 0 : read
}

/** The value as it is to be stored; throws when it is not one of the layout's. */
function checked(
  layout: ScalarLayout,
  width: number,
  value: unknown,
  path: Path | undefined,
): number | bigint {
  if (layout.kind === 'bool') {
    if (typeof value === 'boolean') return Number(value)
    throw typeError(path, `expected true or false, got ${describe(value)}`)
  }
  if (layout.kind === 'float') {
    if (typeof value !== 'number') {
      throw typeError(path, `expected a number, got ${describe(value)}`)
    }
    if (width === 64 || Number.isFinite(Math.fround(value)) || !Number.isFinite(value)) return value
    throw rangeError(path, `${value} is too large for a 32-bit float`)
  }
  const signed = isSigned(layout)
  const isNumber = layout.kind === 'enum' ? layout.size <= 4 : width <= 32 || layout.safe
  if (typeof value !== 'number' && (isNumber || typeof value !== 'bigint')) {
    throw typeError(path, `expected ${integers(width, signed)}, got ${describe(value)}`)
  }
  if (width <= 32) {
    const low = signed ? -(2 ** (width - 1)) : 0
    const number = Number(value)
    if (Number.isInteger(number) && number >= low && number < low + 2 ** width) return number
  } else if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    const exact = BigInt(value)
    if (exact === (signed ? BigInt.asIntN(width, exact) : BigInt.asUintN(width, exact))) {
      return exact
    }
  } else if (Number.isInteger(value)) {
    throw rangeError(path, `${value} is past 2^53-1 and not exact: give a bigint`)
  }
  throw rangeError(path, `expected ${integers(width, signed)}, got ${describe(value)}`)
}

function integers(width: number, signed: boolean): string {
  const name = `an integer of ${width} bits`
  if (width > 32) return signed ? `a signed ${name.slice(3)}` : name
  const low = signed ? -(2 ** (width - 1)) : 0
  return `an integer from ${low} to ${low + 2 ** width - 1}`
}

/** Writes nothing when it throws. */
export function writeScalar(
  layout: ScalarLayout,
  bits: Bits | undefined,
  value: unknown,
  d: DataView,
  o: number,
  path: Path | undefined,
): void {
  const raw = checked(layout, bits?.size ?? layout.size * 8, value, path)
  if (bits) return writeBits(d, o, bits.offset, bits.size, raw)
  if (layout.kind === 'float') {
    if (layout.size === 4) d.setFloat32(o, Number(raw), true)
    else d.setFloat64(o, Number(raw), true)
    return
  }
  switch (layout.size) {
    case 1:
      return d.setUint8(o, Number(raw))
    case 2:
      return d.setUint16(o, Number(raw), true)
    case 4:
      return d.setUint32(o, Number(raw), true)
    case 8:
      return d.setBigUint64(o, BigInt(raw), true)
    case 16:
      d.setBigUint64(o, BigInt(raw), true)
      d.setBigUint64(o + 8, BigInt(raw) >> 64n, true)
  }
}
