import { typeAt, type Btf } from '../btf/btf.ts'
import { isModifier, resolveTypedefs } from '../btf/traversal.ts'
import type {
  ArrayType,
  BtfType,
  Enum,
  Enum64,
  Int,
  Member as BtfMember,
  Struct,
  TypeId,
  Union,
} from '../btf/types.ts'
import { checkedLayout } from '../codec/checked-layout.ts'
import {
  array,
  bytes,
  chars,
  enumeration,
  sizeOf,
  u64,
  type IntLayout,
  type Layout,
  type Member,
} from '../codec/layout.ts'
import { safe } from '../codec/safe.ts'
import { union } from '../codec/union.ts'
import { FormatError } from '../elf/format-error.ts'
import { bitfieldOf, storageUnit } from './bitfield.ts'
import { isKernelOwned } from './kernel-owned.ts'
import { taggedNumbers, type TaggedNumbers } from './number-tags.ts'
import { spellType, typedefNames } from './type-names.ts'

/** A warning about a C type that becomes bytes in JavaScript. */
export interface LayoutWarning {
  /** The struct that contains it, as `struct event` or `event_t`; empty for a type outside structs. */
  readonly type: string
  readonly member: string
  /** The variable or map that has the type. */
  readonly subject: string
  readonly reason: string
}

/** The layouts of one BTF's types; each type has one layout object. */
export interface Layouts {
  /** Returns the layout of a type. It never throws: a type without a better form becomes bytes, with a warning. */
  of(id: TypeId, subject?: string): Layout
  /** The warnings of all layouts made so far. */
  readonly warnings: readonly LayoutWarning[]
}

/** Limits that no C program reaches, but damaged BTF may. */
const MAX_DEPTH = 128
const MAX_MEMBERS = 50_000

/** Returns the layout of one type; use `layoutsOf` for several. */
export function layoutOf(btf: Btf, id: TypeId): Layout {
  return layoutsOf(btf).of(id)
}

export function layoutsOf(btf: Btf): Layouts {
  const warnings: LayoutWarning[] = []
  let subject = ''
  const walk: Walk = {
    btf,
    names: typedefNames(btf),
    numbers: taggedNumbers(btf),
    known: new Map(),
    members: new Map(),
    open: [],
    depth: 0,
    warn: (reason) => {
      const { type = '', member = '' } = walk.open.at(-1) ?? {}
      warnings.push({ type, member, subject, reason })
    },
  }
  return {
    of: (id, name = '') => {
      subject = name
      return cachedLayout(walk, id)
    },
    warnings,
  }
}

interface Walk {
  readonly btf: Btf
  readonly names: ReadonlyMap<TypeId, string>
  readonly numbers: TaggedNumbers
  readonly known: Map<TypeId, Layout>
  /** The number of members of a struct, with those of all structs inside. */
  readonly members: Map<Layout, number>
  /** The structs that are being laid out, outermost first. */
  readonly open: { readonly id: TypeId; readonly type: string; member: string }[]
  /** The number of layouts that are being made, arrays included. */
  depth: number
  readonly warn: (reason: string) => void
}

function cachedLayout(walk: Walk, id: TypeId): Layout {
  const known = walk.known.get(id)
  if (known) return known
  const { open } = walk
  const outer = open.length
  let result: Layout
  try {
    result =
      walk.depth++ < MAX_DEPTH ? makeLayout(walk, id) : opaque(walk, 0, 'its type nests too deep')
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    open.length = outer
    result = opaque(walk, 0, error.reason)
  }
  walk.depth--
  walk.known.set(id, result)
  return result
}

function makeLayout(walk: Walk, id: TypeId): Layout {
  const { type, id: behind, isNumber } = skipAliases(walk, id)
  if (behind !== id) {
    const plain = cachedLayout(walk, behind)
    return isNumber ? asNumber(plain) : plain
  }
  switch (type.kind) {
    case 'int':
      return int(walk, type)
    case 'float':
      return type.size === 4 || type.size === 8
        ? { kind: 'float', size: type.size }
        : opaque(walk, type.size, `JavaScript has no number for ${type.name} of ${type.size} bytes`)
    case 'pointer':
      return u64
    case 'enum':
    case 'enum64':
      return enumLayout(walk, type, walk.names.get(id) ?? type.name)
    case 'array':
      return arrayLayout(walk, type)
    case 'struct':
    case 'union':
      return composite(walk, id, type)
    case 'fwd':
      return opaque(walk, 0, `${type.fwdKind} ${type.name} is declared but not defined`)
    case 'void':
      return opaque(walk, 0, 'BTF does not describe its type')
    default:
      return opaque(walk, 0, `a ${type.kind} is not a value`)
  }
}

/** Returns the type behind typedefs, modifiers and a variable, and whether a typedef or the variable is tagged js:number. */
function skipAliases(
  { btf, numbers }: Walk,
  id: TypeId,
): { id: TypeId; type: BtfType; isNumber: boolean } {
  let isNumber = false
  let at = id
  for (let steps = 0; steps < btf.types.length; steps++) {
    const type = typeAt(btf, at)
    if (type.kind !== 'var' && type.kind !== 'typedef' && !isModifier(type)) {
      return { id: at, type, isNumber }
    }
    isNumber ||= numbers.type(at)
    at = type.target
  }
  throw new FormatError('BTF', 0, `type ${id} refers to itself`)
}

function opaque(walk: Walk, size: number, reason: string): Layout {
  walk.warn(reason)
  return bytes(size)
}

function int(walk: Walk, { name, size, signed, bool }: Int): Layout {
  if (bool && (size === 1 || size === 2 || size === 4 || size === 8)) return { kind: 'bool', size }
  if (size === 1 || size === 2 || size === 4 || size === 8 || size === 16) {
    return { kind: 'int', size, signed }
  }
  return opaque(walk, size, `JavaScript has no integer for ${name} of ${size} bytes`)
}

function enumLayout(walk: Walk, type: Enum | Enum64, name: string): Layout {
  const { size, signed, values } = type
  if (size !== 1 && size !== 2 && size !== 4 && size !== 8) {
    return opaque(walk, size, `JavaScript has no integer for an enum of ${size} bytes`)
  }
  const wide = size === 8
  return enumeration(
    name,
    size,
    signed,
    values.map(({ name, value }) => [name, wide ? BigInt(value) : Number(value)]),
  )
}

/** Returns the layout of an array: `char[N]` is text, `u8` and `unsigned char` are bytes, `s8` are numbers. */
function arrayLayout(walk: Walk, { element, length }: ArrayType): Layout {
  const type = typeAt(walk.btf, resolveTypedefs(walk.btf, element))
  if (type.kind === 'int' && type.size === 1 && !type.bool) {
    if (type.name === 'char') return chars(length)
    if (!type.signed) return bytes(length)
  }
  return bytesIfRefused(walk, array(cachedLayout(walk, element), length), 0)
}

function composite(walk: Walk, id: TypeId, type: Struct | Union): Layout {
  const typedef = walk.names.get(id)
  const spelling = spellType(type, typedef)
  if (walk.open.some((outer) => outer.id === id)) {
    return opaque(walk, type.size, `${spelling} contains itself`)
  }
  const place = { id, type: spelling, member: '' }
  walk.open.push(place)
  const members: Member[] = []
  for (const [index, member] of type.members.entries()) {
    place.member = member.name
    const laidOut = memberLayout(walk, id, type, member, index)
    if (laidOut) members.push(laidOut)
  }
  walk.open.pop()
  const name = typedef ?? type.name
  const { size } = type
  const result: Layout =
    type.kind === 'union'
      ? { ...union(name, size, []), members }
      : { kind: 'struct', name, size, members }
  const count = members.reduce((sum, { layout }) => sum + 1 + countMembers(walk, layout), 0)
  if (count > MAX_MEMBERS)
    return opaque(walk, type.size, `${spelling} has ${count} members, more than ${MAX_MEMBERS}`)
  walk.members.set(result, count)
  return bytesIfRefused(walk, result, type.size)
}

/** Returns bytes for a layout that codecs refuse: damaged BTF has members outside their struct, or arrays of 2^53 bytes. */
function bytesIfRefused(walk: Walk, layout: Layout, size: number): Layout {
  try {
    checkedLayout(layout)
    return layout
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return opaque(walk, size, error.message)
  }
}

function countMembers(walk: Walk, layout: Layout): number {
  return layout.kind === 'array'
    ? countMembers(walk, layout.element)
    : (walk.members.get(layout) ?? 0)
}

/** Returns undefined for members that user space does not see: kernel-owned fields, and bitfields without a name. */
function memberLayout(
  walk: Walk,
  id: TypeId,
  parent: Struct | Union,
  member: BtfMember,
  index: number,
): Member | undefined {
  const { name, bitOffset } = member
  if (isKernelOwned(walk.btf, member.type)) return undefined
  const plain = cachedLayout(walk, member.type)
  if (!name && plain.kind !== 'struct' && plain.kind !== 'union') return undefined
  const tagged = walk.numbers.member(id, index) ? asNumber(plain) : plain
  const bitfield = bitfieldOf(walk.btf, member)
  if (bitfield)
    return { name, layout: tagged, ...storageUnit(bitfield, sizeOf(plain), parent.size) }
  if (bitOffset % 8 !== 0) walk.warn(`it starts inside a byte, at bit ${bitOffset}`)
  return { name, offset: Math.floor(bitOffset / 8), layout: tagged }
}

/** Applies the tag js:number: 64-bit integers, also in an array, become numbers. */
function asNumber(plain: Layout): Layout {
  if (plain.kind === 'array') return array(asNumber(plain.element), plain.length)
  return is64Bit(plain) ? safe(plain) : plain
}

function is64Bit(layout: Layout): layout is IntLayout {
  return layout.kind === 'int' && layout.size === 8
}
