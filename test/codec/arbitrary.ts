import * as fc from 'fast-check'

import * as bitfields from '../../src/codec/bits.ts'
import {
  array,
  bool,
  bytes,
  chars,
  type CompositeLayout,
  enumeration,
  f32,
  f64,
  type Layout,
  type Member,
  s128,
  s16,
  s32,
  s64,
  s8,
  sizeOf,
  u128,
  u16,
  u32,
  u64,
  u8,
} from '../../src/codec/layout.ts'
import { safe } from '../../src/codec/safe.ts'
import { union } from '../../src/codec/union.ts'

/** A random C type: how to declare it, and how a compiler lays it out. */
export interface CType {
  readonly layout: Layout
  /** Bytes. */
  readonly align: number
  /** The C declaration of a member or variable of this type. */
  declare(name: string): string
}

/** What `declare` refers to. */
export const prelude = `
typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32; typedef unsigned long long u64;
typedef signed char s8; typedef short s16; typedef int s32; typedef long long s64;
typedef __int128 s128; typedef unsigned __int128 u128;
enum small { SMALL_A, SMALL_B = 5 };
enum negative { NEGATIVE_A = -1, NEGATIVE_B = 9 };
enum wide { WIDE_A, WIDE_B = 0x1ffffffffULL };
`

const scalar = (c: string, layout: Layout): CType => ({
  layout,
  align: sizeOf(layout),
  declare: (name) => `${c} ${name}`,
})

const integers = Object.entries({ u8, u16, u32, u64, s8, s16, s32, s64 }).map(([c, layout]) =>
  scalar(c, layout),
)
const enums = [
  scalar('enum small', enumeration('small', 4, false, [['SMALL_A', 0]])),
  scalar('enum negative', enumeration('negative', 4, true, [['NEGATIVE_A', -1]])),
  scalar('enum wide', enumeration('wide', 8, false, [['WIDE_A', 0n]])),
]
const scalars: readonly CType[] = [
  ...integers,
  ...enums,
  scalar('u128', u128),
  scalar('s128', s128),
  scalar('u64', safe(u64)),
  scalar('s64', safe(s64)),
  scalar('_Bool', bool),
  scalar('float', f32),
  scalar('double', f64),
]
const bitfieldTypes: readonly CType[] = [...integers, ...enums, scalar('_Bool', bool)]

const arrayOf = (element: CType, length: number): CType => ({
  layout: array(element.layout, length),
  align: element.align,
  declare: (name) => element.declare(`${name}[${length}]`),
})
const textOf = (c: string, layout: Layout & { length: number }): CType => ({
  layout,
  align: 1,
  declare: (name) => `${c} ${name}[${layout.length}]`,
})

interface Part {
  readonly type: CType
  /** Width of a bitfield. */
  readonly bits?: number
  readonly anonymous?: boolean
}
type Kind = CompositeLayout['kind']

/** As the System V ABI and clang's BPF target do. */
function compositeOf(kind: Kind, packed: boolean, parts: readonly Part[]): CType {
  const fields: { name: string; part: Part }[] = []
  const members: Member[] = []
  let align = 1
  let end = 0
  let size = 0
  for (const part of parts) {
    const { type, bits, anonymous } = part
    const name = anonymous ? '' : `m${fresh++}`
    const unit = sizeOf(type.layout) * 8
    const alignment = packed ? 1 : type.align
    let bit = kind === 'union' ? 0 : end
    if (bits === undefined) bit = roundUp(bit, alignment * 8)
    else if (!packed && Math.floor(bit / unit) !== Math.floor((bit + bits - 1) / unit)) {
      bit = roundUp(bit, unit)
    }
    end = bit + (bits ?? unit)
    size = Math.max(size, Math.ceil(end / 8))
    align = Math.max(align, alignment)
    fields.push({ name, part })
    members.push(
      bits === undefined
        ? { name, offset: bit / 8, layout: type.layout }
        : { name, offset: bit >> 3, layout: type.layout, bits: bitfields.bits(bit & 7, bits) },
    )
  }
  const body = fields
    .map(({ name, part }) => `${part.type.declare(name)}${part.bits ? ` : ${part.bits}` : ''};`)
    .join(' ')
  const attribute = packed ? ' __attribute__((packed))' : ''
  return {
    layout:
      kind === 'union'
        ? { ...union('', roundUp(size, align), []), members }
        : { kind, name: '', size: roundUp(size, align), members },
    align,
    declare: (name) => `${kind} { ${body} }${attribute} ${name}`,
  }
}

// C wants the names of anonymous members unlike those around them.
let fresh = 0

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to

const leaf: fc.Arbitrary<CType> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...scalars) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((n) => textOf('char', chars(n))) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20 }).map((n) => textOf('u8', bytes(n))) },
)

const bitfield: fc.Arbitrary<Part> = fc
  .constantFrom(...bitfieldTypes)
  .chain((type) =>
    fc
      .integer({ min: 1, max: type.layout === bool ? 1 : sizeOf(type.layout) * 8 })
      .map((bits) => ({ type, bits })),
  )

const { composite } = fc.letrec<{ type: CType; composite: CType; part: Part }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 5, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc
        .tuple(tie('type'), fc.integer({ min: 1, max: 18 }))
        .map(([element, length]) => arrayOf(element, length)),
    },
    { weight: 2, arbitrary: tie('composite') },
  ),
  part: fc.oneof(
    { weight: 4, arbitrary: tie('type').map((type): Part => ({ type })) },
    { weight: 2, arbitrary: bitfield },
    { weight: 1, arbitrary: tie('composite').map((type): Part => ({ type, anonymous: true })) },
  ),
  composite: fc
    .tuple(
      fc.constantFrom<Kind>('struct', 'struct', 'struct', 'union'),
      fc.boolean(),
      fc.array(tie('part'), { minLength: 1, maxLength: 6 }),
    )
    .map(([kind, packed, parts]) => compositeOf(kind, packed, parts)),
}))

/** Structs and unions of everything C has, nested, packed, with bitfields and anonymous members. */
export const anyComposite: fc.Arbitrary<CType> = composite

function integerOf(width: number, signed: boolean): fc.Arbitrary<bigint> {
  const bits = BigInt(width)
  return signed
    ? fc.bigInt({ min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n })
    : fc.bigInt({ min: 0n, max: (1n << bits) - 1n })
}

/** A value that decoding gives; of unions one member each. */
export function valueOf(layout: Layout, bits?: number): fc.Arbitrary<unknown> {
  switch (layout.kind) {
    case 'int': {
      const width = bits ?? layout.size * 8
      if (layout.safe) return fc.maxSafeInteger().map((n) => (layout.signed ? n : Math.abs(n)))
      const value = integerOf(width, layout.signed)
      return width <= 32 ? value.map(Number) : value
    }
    case 'enum': {
      const value = integerOf(bits ?? layout.size * 8, layout.signed)
      return layout.size <= 4 ? value.map(Number) : value
    }
    case 'bool':
      return fc.boolean()
    case 'float':
      return layout.size === 4
        ? fc.float({ noDefaultInfinity: true, noNaN: true })
        : fc.double({ noDefaultInfinity: true, noNaN: true })
    case 'chars':
      return fc
        .string({ unit: 'grapheme-composite', maxLength: layout.length })
        .filter((text) => !text.includes('\0') && Buffer.byteLength(text) <= layout.length)
    case 'bytes':
      return fc.uint8Array({ minLength: layout.length, maxLength: layout.length })
    case 'array':
      return fc.array(valueOf(layout.element), {
        minLength: layout.length,
        maxLength: layout.length,
      })
    default: {
      const { kind, members } = layout
      return kind === 'union'
        ? fc.constantFrom(...members).chain((member) => fieldsOf([member]))
        : fieldsOf(members)
    }
  }
}

function fieldsOf(members: readonly Member[]): fc.Arbitrary<object> {
  return fc
    .tuple(
      ...members.map(({ name, layout, bits }) =>
        valueOf(layout, bits?.size).map((value) => (name ? { [name]: value } : value)),
      ),
    )
    .map((fields) => Object.assign({}, ...fields))
}
