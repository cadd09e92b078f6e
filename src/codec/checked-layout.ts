import type { Codec } from './codec.ts'
import { Memo } from './intrinsics.ts'
import { type EnumLayout, type Layout, type Member, sizeOf } from './layout.ts'
import { memberSize } from './size.ts'
import { describeValue, type ValuePath, rangeError, typeError } from './value-path.ts'

const { freeze } = Object
const { isSafeInteger } = Number

/** The checked copies by the layouts that they were made of, and by themselves. */
const checked = new Memo<object, Layout>()

/** No C type nests as deep, but a layout that contains itself never ends. */
const maxDepth = 256

/**
 * Returns a checked and frozen copy of a layout that anybody may have written: each property is read once, every member
 * lies inside its struct, and nothing that the caller can change is read later.
 * @throws {TypeError | RangeError} naming the member
 */
export function checkedLayout(layout: Layout): Layout {
  return checked.get(layout) ?? copyLayout(layout, undefined, 0)
}

/**
 * Returns the checked copy of a codec's layout. `callee` is what the error calls the function that took the codec.
 * @throws {TypeError} when `codec` is not a codec, as where `types` has no entry of that name
 */
export function layoutOfCodec(callee: string, codec: Codec<unknown, never>): Layout {
  const { layout } = (codec ?? {}) as Partial<Codec<unknown>>
  if (typeof layout === 'object' && layout !== null) return checkedLayout(layout)
  throw new TypeError(
    `${callee} takes a codec, such as types.event of the import, got ${describeValue(codec)}`,
  )
}

function copyLayout(given: unknown, path: ValuePath | undefined, depth: number): Layout {
  const layout = requireObject('layout', given, path)
  const known = checked.get(layout)
  if (known) return known
  if (depth > maxDepth) refuse('depth', depth, path)
  const copy = freeze(copyKind(layout, path, depth + 1))
  count('size', sizeOf(copy), path)
  checked.set(layout, copy)
  checked.set(copy, copy)
  return copy
}

/** Copies every property that the kind has, also undefined ones: a missing one would be looked up in the prototype. */
function copyKind(given: Unchecked, path: ValuePath | undefined, depth: number): Layout {
  const { kind, name, size, signed, length } = given
  switch (kind) {
    case 'int': {
      const safe = given['safe'] === undefined ? undefined : true
      const bytes = size === 16 ? size : scalarSize(size, path)
      return { kind, size: bytes, signed: typed('signed', signed, 'boolean', path), safe }
    }
    case 'bool':
      return { kind, size: scalarSize(size, path) }
    case 'float':
      return { kind, size: size === 4 || size === 8 ? size : refuse('size', size, path) }
    case 'enum': {
      const constants = copyList('constants', given['constants'], path, copyConstant)
      return {
        kind,
        name: typed('name', name, 'string', path),
        size: scalarSize(size, path),
        signed: typed('signed', signed, 'boolean', path),
        constants,
      }
    }
    case 'chars': {
      const { as } = given
      if (as !== undefined && as !== 'text' && as !== 'strings') refuse('form', as, path)
      return { kind, length: count('length', length, path), as }
    }
    case 'bytes':
      return { kind, length: count('length', length, path) }
    case 'array': {
      const { stride } = given
      const element = copyLayout(given['element'], { parent: path, key: 0 }, depth)
      const checkedStride = stride === undefined ? stride : count('stride', stride, path)
      if (checkedStride !== undefined && checkedStride < sizeOf(element)) {
        refuse('stride', checkedStride, path)
      }
      return { kind, element, length: count('length', length, path), stride: checkedStride }
    }
    case 'struct':
    case 'union': {
      const bytes = count('size', size, path)
      const members = copyList('members', given['members'], path, (member) =>
        copyMember(member, bytes, path, depth),
      )
      return { kind, name: typed('name', name, 'string', path), size: bytes, members }
    }
    default:
      return refuse('kind', kind, path)
  }
}

function copyConstant(
  pair: Unchecked,
  path: ValuePath | undefined,
): EnumLayout['constants'][number] {
  const { 0: name, 1: value } = pair
  if (typeof value !== 'number' && typeof value !== 'bigint') refuse('constant', value, path)
  return freeze([typed('constant', name, 'string', path), value] as const)
}

function copyMember(
  given: Unchecked,
  size: number,
  parent: ValuePath | undefined,
  depth: number,
): Member {
  const key = typed('name', given['name'], 'string', parent)
  const path = { parent, key }
  const offset = count('offset', given['offset'], path)
  const layout = copyLayout(given['layout'], path, depth)
  const { bits } = given
  const copy = { name: key, offset, layout, bits: bits === undefined ? bits : copyBits(bits, path) }
  if (copy.bits) {
    const isInteger = layout.kind === 'int' || layout.kind === 'bool' || layout.kind === 'enum'
    if (!isInteger || copy.bits.size > layout.size * 8) refuse('bits', copy.bits.size, path)
  }
  const end = offset + memberSize(copy)
  if (end > size) {
    throw rangeError(path, `the member ends at byte ${end}, past the ${size} bytes of its struct`)
  }
  return freeze(copy)
}

function copyBits(given: unknown, path: ValuePath): NonNullable<Member['bits']> {
  const { offset, size } = requireObject('bits', given, path)
  return freeze({ offset: count('bits', offset, path), size: count('bits', size || -1, path) })
}

/** An object that a caller wrote, of which nothing is known yet. */
type Unchecked = Readonly<Record<string | number, unknown>>

function requireObject(what: string, value: unknown, path: ValuePath | undefined): Unchecked {
  return typeof value === 'object' && value !== null
    ? (value as Unchecked)
    : refuse(what, value, path)
}

function copyList<T>(
  what: string,
  given: unknown,
  path: ValuePath | undefined,
  copy: (item: Unchecked, path: ValuePath | undefined) => T,
): readonly T[] {
  const list = requireObject(what, given, path)
  const copies: T[] = []
  const length = count(what, list['length'], path)
  for (let i = 0; i < length; i++) copies[i] = copy(requireObject(what, list[i], path), path)
  return freeze(copies)
}

function scalarSize(size: unknown, path: ValuePath | undefined): 1 | 2 | 4 | 8 {
  return size === 1 || size === 2 || size === 4 || size === 8 ? size : refuse('size', size, path)
}

function count(what: string, value: unknown, path: ValuePath | undefined): number {
  return isSafeInteger(value) && (value as number) >= 0
    ? (value as number)
    : refuse(what, value, path)
}

interface Types {
  boolean: boolean
  string: string
}
function typed<T extends keyof Types>(
  what: string,
  value: unknown,
  type: T,
  path: ValuePath | undefined,
): Types[T] {
  return typeof value === type ? (value as Types[T]) : refuse(what, value, path)
}

function refuse(what: string, value: unknown, path: ValuePath | undefined): never {
  const problem = `a layout's ${what} cannot be ${describeValue(value)}`
  throw typeof value === 'number' ? rangeError(path, problem) : typeError(path, problem)
}
