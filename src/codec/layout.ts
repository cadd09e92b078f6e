import type { Bits } from './bits.ts'

/**
 * The layout of a C value in memory, from which decoders, encoders and live views are made. It is data without
 * functions: it can be posted to a worker, and nothing in it is ever called. Generated modules build layouts with the
 * functions below. Offsets and sizes are in bytes unless a name says bits; the byte order is little-endian, the host's.
 */
export type Layout =
  | IntLayout
  | BoolLayout
  | FloatLayout
  | EnumLayout
  | CharsLayout
  | BytesLayout
  | ArrayLayout
  | CompositeLayout

/** Integers and pointers. 64 and 128 bits read as bigint; 64 bits with `safe` as number, with a RangeError past 2^53-1. */
export interface IntLayout {
  readonly kind: 'int'
  readonly size: 1 | 2 | 4 | 8 | 16
  readonly signed: boolean
  readonly safe?: true | undefined
}
export interface BoolLayout {
  readonly kind: 'bool'
  readonly size: 1 | 2 | 4 | 8
}
export interface FloatLayout {
  readonly kind: 'float'
  readonly size: 4 | 8
}
/** Reads as number up to 32 bits, as bigint at 64. Any integer of the range may be written. */
export interface EnumLayout {
  readonly kind: 'enum'
  readonly name: string
  readonly size: 1 | 2 | 4 | 8
  readonly signed: boolean
  readonly constants: readonly (readonly [name: string, value: number | bigint])[]
}
/**
 * `char[length]`, which reads as a string up to the first NUL; as `text`, as one string of all bytes; as `strings`, as
 * the list of the NUL-terminated strings in it. Neither form includes the zeros at the end.
 */
export interface CharsLayout {
  readonly kind: 'chars'
  readonly length: number
  readonly as?: 'text' | 'strings' | undefined
}
/** `u8[length]`, and any type that JavaScript has no better form for. */
export interface BytesLayout {
  readonly kind: 'bytes'
  readonly length: number
}
/** One dimension of an array. `length` 0 is a flexible array, the last member of a struct. */
export interface ArrayLayout {
  readonly kind: 'array'
  readonly element: Layout
  readonly length: number
  /** Bytes from one element to the next, where that is more than the element's size: in mmapable maps. */
  readonly stride?: number | undefined
}
export type CompositeLayout = StructLayout | UnionLayout
interface Composite {
  /** The C tag or typedef, empty when anonymous. */
  readonly name: string
  readonly size: number
  readonly members: readonly Member[]
}
export interface StructLayout extends Composite {
  readonly kind: 'struct'
}
export interface UnionLayout extends Composite {
  readonly kind: 'union'
}
/** A member of a struct or union. An anonymous struct or union has an empty name, and its members belong to the outer one. */
export interface Member {
  readonly name: string
  /** Bytes from the start of the composite; for a bitfield, to the storage unit that `layout` describes. */
  readonly offset: number
  readonly layout: Layout
  /** Present for a bitfield alone. */
  readonly bits?: Bits | undefined
}

export const u8: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 1,
  signed: false,
})
export const u16: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 2,
  signed: false,
})
export const u32: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 4,
  signed: false,
})
export const u64: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 8,
  signed: false,
})
export const u128: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 16,
  signed: false,
})
export const s8: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 1,
  signed: true,
})
export const s16: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 2,
  signed: true,
})
export const s32: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 4,
  signed: true,
})
export const s64: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 8,
  signed: true,
})
export const s128: IntLayout = /*#__PURE__*/ Object.freeze<IntLayout>({
  kind: 'int',
  size: 16,
  signed: true,
})
export const f32: FloatLayout = /*#__PURE__*/ Object.freeze<FloatLayout>({ kind: 'float', size: 4 })
export const f64: FloatLayout = /*#__PURE__*/ Object.freeze<FloatLayout>({ kind: 'float', size: 8 })
export const bool: BoolLayout = /*#__PURE__*/ Object.freeze<BoolLayout>({ kind: 'bool', size: 1 })

export function chars(length: number): CharsLayout {
  return { kind: 'chars', length }
}

export function bytes(length: number): BytesLayout {
  return { kind: 'bytes', length }
}

export function array(element: Layout, length: number): ArrayLayout {
  return { kind: 'array', element, length }
}

export function enumeration(
  name: string,
  size: EnumLayout['size'],
  signed: boolean,
  constants: EnumLayout['constants'],
): EnumLayout {
  return { kind: 'enum', name, size, signed, constants }
}

/** A member in the compact notation of generated modules. */
export type MemberTuple = readonly [name: string, offset: number, layout: Layout, bits?: Bits]

export function members(tuples: readonly MemberTuple[]): Member[] {
  return tuples.map(([name, offset, layout, bits]) => ({
    name,
    offset,
    layout,
    ...(bits && { bits }),
  }))
}

export function struct(name: string, size: number, tuples: readonly MemberTuple[]): StructLayout {
  return { kind: 'struct', name, size, members: members(tuples) }
}

/** Returns the bytes that a value of the layout takes, without those of a flexible array. */
export function sizeOf(layout: Layout): number {
  switch (layout.kind) {
    case 'chars':
    case 'bytes':
      return layout.length
    case 'array':
      return layout.length * strideOf(layout)
    default:
      return layout.size
  }
}

/** Returns the bytes from one element to the next. */
export function strideOf({ element, stride }: ArrayLayout): number {
  return stride ?? sizeOf(element)
}
