import type { Bits } from './bits.ts'
import { supportFor } from './layout-support.ts'
import type { BoolLayout, EnumLayout, FloatLayout, IntLayout, Layout } from './layout.ts'

export type ScalarLayout = IntLayout | BoolLayout | FloatLayout | EnumLayout
export type Scalar = number | bigint | boolean

export function isScalar(layout: Layout): layout is ScalarLayout {
  return ['int', 'bool', 'float', 'enum'].includes(layout.kind)
}

export function isSigned(layout: Layout): boolean {
  return (layout.kind === 'int' || layout.kind === 'enum') && layout.signed
}

/** Returns whether a 64-bit integer is tagged js:number. */
export function isSafe(layout: ScalarLayout): boolean {
  return layout.kind === 'int' && layout.size === 8 && layout.safe === true
}

/** Returns whether values are numbers, not bigints: a bitfield's by its width, an enum's by the size of its type. */
export function isNumber(layout: ScalarLayout, bits?: Bits): boolean {
  if (layout.kind === 'enum') return layout.size <= 4
  return isSafe(layout) || (bits?.size ?? layout.size * 8) <= 32
}

/** The suffix of DataView's `get…` and `set…` for a scalar of at most 8 bytes. */
export type ElementType =
  | `${'Int' | 'Uint'}${8 | 16 | 32}`
  | `Float${32 | 64}`
  | `Big${'Int' | 'Uint'}64`

export function elementType(layout: ScalarLayout): ElementType {
  const { kind, size } = layout
  const type = kind === 'float' ? 'Float' : isSigned(layout) ? 'Int' : 'Uint'
  return `${size === 8 && kind !== 'float' ? 'Big' : ''}${type}${size * 8}` as ElementType
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
  if (bits) value = supportFor('bits').read(d, o, bits.offset, bits.size, signed)
  else if (layout.size === 16) value = readInt128(d, o, signed)
  else value = d[`get${elementType(layout)}`](o, true)
  if (layout.kind === 'bool') return Number(value) !== 0
  if (isSafe(layout)) return supportFor('safe').convert(value)
  return isNumber(layout, bits) || layout.kind === 'float' ? value : BigInt(value)
}
