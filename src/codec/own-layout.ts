import { memberExtent } from './extent.ts'
import { Memo } from './intrinsics.ts'
import { type EnumLayout, type Layout, type Member, sizeOf } from './layout.ts'
import { describe, type Path, rangeError, typeError } from './path.ts'

const { freeze } = Object
const { isSafeInteger } = Number

/** Of layouts that were seen, and of our own copies themselves. */
const copies = new Memo<object, Layout>()

/** C has no such types, but a layout that holds itself has no end. */
const deepest = 256

/**
 * Our own copy of a layout that anybody may have written: read once, checked, and frozen, so that what it says stays
 * true. Every member lies inside its struct, and nothing of it is called.
 * @throws {TypeError | RangeError} naming the member
 */
export function ownLayout(given: Layout): Layout {
  return copies.get(given) ?? copyLayout(given, undefined, 0)
}

function copyLayout(given: unknown, path: Path | undefined, depth: number): Layout {
  const layout = requireObject('layout', given, path)
  const known = copies.get(layout)
  if (known) return known
  if (depth > deepest) refuse('depth', depth, path)
  const own = freeze(copyKind(layout, path, depth + 1))
  count('size', sizeOf(own), path)
  copies.set(layout, own)
  copies.set(own, own)
  return own
}

/** Every property that the kind has, also where it is undefined: one that is missing would be looked for in the prototype. */
function copyKind(given: Given, path: Path | undefined, depth: number): Layout {
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
      const apart = stride === undefined ? stride : count('stride', stride, path)
      if (apart !== undefined && apart < sizeOf(element)) refuse('stride', apart, path)
      return { kind, element, length: count('length', length, path), stride: apart }
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

function copyConstant(pair: Given, path: Path | undefined): EnumLayout['constants'][number] {
  const { 0: name, 1: value } = pair
  if (typeof value !== 'number' && typeof value !== 'bigint') refuse('constant', value, path)
  return freeze([typed('constant', name, 'string', path), value] as const)
}

function copyMember(given: Given, size: number, parent: Path | undefined, depth: number): Member {
  const key = typed('name', given['name'], 'string', parent)
  const path = { parent, key }
  const offset = count('offset', given['offset'], path)
  const layout = copyLayout(given['layout'], path, depth)
  const { bits } = given
  const own = { name: key, offset, layout, bits: bits === undefined ? bits : copyBits(bits, path) }
  if (own.bits) {
    const isInteger = layout.kind === 'int' || layout.kind === 'bool' || layout.kind === 'enum'
    if (!isInteger || own.bits.size > layout.size * 8) refuse('bits', own.bits.size, path)
  }
  const end = offset + memberExtent(own)
  if (end > size) throw rangeError(path, `it ends at byte ${end} of ${size}`)
  return freeze(own)
}

function copyBits(given: unknown, path: Path): NonNullable<Member['bits']> {
  const { offset, size } = requireObject('bits', given, path)
  return freeze({ offset: count('bits', offset, path), size: count('bits', size || -1, path) })
}

/** What somebody wrote. */
type Given = Readonly<Record<string | number, unknown>>

function requireObject(what: string, value: unknown, path: Path | undefined): Given {
  return typeof value === 'object' && value !== null ? (value as Given) : refuse(what, value, path)
}

function copyList<T>(
  what: string,
  given: unknown,
  path: Path | undefined,
  copy: (item: Given, path: Path | undefined) => T,
): readonly T[] {
  const list = requireObject(what, given, path)
  const own: T[] = []
  const length = count(what, list['length'], path)
  for (let i = 0; i < length; i++) own[i] = copy(requireObject(what, list[i], path), path)
  return freeze(own)
}

function scalarSize(size: unknown, path: Path | undefined): 1 | 2 | 4 | 8 {
  return size === 1 || size === 2 || size === 4 || size === 8 ? size : refuse('size', size, path)
}

function count(what: string, value: unknown, path: Path | undefined): number {
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
  path: Path | undefined,
): Types[T] {
  return typeof value === type ? (value as Types[T]) : refuse(what, value, path)
}

function refuse(what: string, value: unknown, path: Path | undefined): never {
  const problem = `a layout's ${what} cannot be ${describe(value)}`
  throw typeof value === 'number' ? rangeError(path, problem) : typeError(path, problem)
}
