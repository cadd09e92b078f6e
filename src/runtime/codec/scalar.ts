import { readBits } from './bits.ts'
import type { BoolLayout, EnumLayout, FloatLayout, IntLayout, Layout, Member } from './layout.ts'

export type ScalarLayout = IntLayout | BoolLayout | FloatLayout | EnumLayout
export type Scalar = number | bigint | boolean
export type Bits = NonNullable<Member['bits']>

export function isScalar(layout: Layout): layout is ScalarLayout {
  return ['int', 'bool', 'float', 'enum'].includes(layout.kind)
}

export function isSigned(layout: Layout): boolean {
  return (layout.kind === 'int' || layout.kind === 'enum') && layout.signed
}

/** Tagged js:number. */
export function isSafe(layout: ScalarLayout): boolean {
  return layout.kind === 'int' && layout.safe === true && layout.size === 8
}

/** Whether numbers stand for its values: a bitfield goes by its width, an enum by its constants. */
export function isNumber(layout: ScalarLayout, bits?: Bits): boolean {
  if (layout.kind === 'enum') return layout.size <= 4
  return isSafe(layout) || (bits?.size ?? layout.size * 8) <= 32
}

/** What DataView calls the bytes of a layout of at most 8. */
export type ElementType =
  | `${'Int' | 'Uint'}${8 | 16 | 32}`
  | `Float${32 | 64}`
  | `Big${'Int' | 'Uint'}64`

export function elementType(layout: ScalarLayout): ElementType {
  const { kind, size } = layout
  const type = kind === 'float' ? 'Float' : isSigned(layout) ? 'Int' : 'Uint'
  return `${size === 8 && kind !== 'float' ? 'Big' : ''}${type}${size * 8}` as ElementType
}

export function toSafe(value: number | bigint): number {
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new RangeError(
    `${value} is past 2^53-1, the most of a field tagged js:number; without the tag it is a bigint`,
  )
}

/** A 64-bit integer tagged js:number. */
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

export function readScalar(
  layout: ScalarLayout,
  bits: Bits | undefined,
  d: DataView,
  o: number,
): Scalar {
  const signed = isSigned(layout)
  let value: number | bigint
  if (bits) value = readBits(d, o, bits.offset, bits.size, signed)
  else if (layout.size === 16) value = readInt128(d, o, signed)
  else value = d[`get${elementType(layout)}`](o, true)
  if (layout.kind === 'bool') return Number(value) !== 0
  if (isSafe(layout)) return toSafe(value)
  return isNumber(layout, bits) || layout.kind === 'float' ? value : BigInt(value)
}
