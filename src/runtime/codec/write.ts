import {
  type ArrayLayout,
  type BytesLayout,
  type CompositeLayout,
  type Layout,
  type Member,
  sizeOf,
  u8,
} from './layout.ts'
import { flatMembers, isAnonymous } from './members.ts'
import { describe, type Path, rangeError, typeError } from './path.ts'
import { isScalar, writeScalar } from './scalar.ts'
import { isBytes, writeChars } from './text.ts'
import { type Write, writeAgreed } from './write-union.ts'

/**
 * Writes the value into memory that is zero and the writer's own, because what was written before an
 * error stays. `room`: bytes from `o` on, more than the layout's size only for a flexible array.
 */
export function write(
  layout: Layout,
  value: unknown,
  d: DataView,
  o: number,
  path: Path | undefined,
  room: number = sizeOf(layout),
): void {
  if (isScalar(layout)) return writeScalar(layout, undefined, value, d, o, path)
  switch (layout.kind) {
    case 'chars':
      return writeChars(layout, value, d, o, layout.length || room, path)
    case 'bytes':
    case 'array':
      return writeArray(layout, value, d, o, path, room)
    default:
      return writeMembers(layout, fieldsOf(layout, value, path), d, o, path, room)
  }
}

function writeArray(
  layout: ArrayLayout | BytesLayout,
  value: unknown,
  d: DataView,
  o: number,
  path: Path | undefined,
  room: number,
): void {
  const element = layout.kind === 'bytes' ? u8 : layout.element
  const size = sizeOf(element)
  const elements = arrayLike(value, path)
  const length = layout.length || Math.floor(room / (size || 1))
  if (layout.length ? elements.length !== length : elements.length > length) {
    const wanted = layout.length ? 'expected' : 'the most that fit'
    throw rangeError(path, `${elements.length} elements were given, ${length} are ${wanted}`)
  }
  if (layout.kind === 'bytes' && isBytes(elements)) {
    for (let i = 0; i < elements.length; i++) d.setUint8(o + i, elements[i] ?? 0)
    return
  }
  const at = { parent: path, key: 0 }
  for (; at.key < elements.length; at.key++) {
    write(element, elements[at.key], d, o + at.key * size, at)
  }
}

export function arrayLike(value: unknown, path: Path | undefined): ArrayLike<unknown> {
  if (typeof value === 'object' && value !== null && 'length' in value) {
    if (Number.isSafeInteger(value.length) && Number(value.length) >= 0) {
      return value as ArrayLike<unknown>
    }
  }
  throw typeError(path, `expected an array, got ${describe(value)}`)
}

type Fields = Readonly<Record<string, unknown>>

function fieldsOf(layout: CompositeLayout, value: unknown, path: Path | undefined): Fields {
  const names = (): string =>
    flatMembers(layout)
      .map((member) => member.name)
      .join(', ')
  if (typeof value !== 'object' || value === null || ('length' in value && Array.isArray(value))) {
    throw typeError(path, `expected an object of ${names()}; got ${describe(value)}`)
  }
  const known = nameSet(layout)
  for (const key of Object.keys(value)) {
    if (known.has(key)) continue
    throw typeError({ parent: path, key }, `no such field, there are ${names() || 'none'}`)
  }
  return value as Fields
}

const nameSets = new WeakMap<CompositeLayout, ReadonlySet<string>>()

function nameSet(layout: CompositeLayout): ReadonlySet<string> {
  let names = nameSets.get(layout)
  if (!names) {
    names = new Set(flatMembers(layout).map((member) => member.name))
    nameSets.set(layout, names)
  }
  return names
}

/** Undefined when absent: what every object inherits (`constructor`, `__proto__`) was not given. */
function given(fields: Fields, name: string): unknown {
  return name in Object.prototype && !Object.hasOwn(fields, name) ? undefined : fields[name]
}

function isGiven(member: Member, fields: Fields): boolean {
  return isAnonymous(member)
    ? flatMembers(member.layout).some((inner) => given(fields, inner.name) !== undefined)
    : given(fields, member.name) !== undefined
}

/** The fields are known to be the layout's, or those of the composite it is an anonymous part of. */
function writeMembers(
  layout: CompositeLayout,
  fields: Fields,
  d: DataView,
  o: number,
  path: Path | undefined,
  room: number,
): void {
  const { kind, members } = layout
  const last = members.length - 1
  if (kind === 'struct') {
    for (let i = 0; i <= last; i++) {
      const member = members[i]
      if (member) writeMember(member, fields, d, o, path, i === last ? room : undefined)
    }
    return
  }
  const present = members.filter((member) => isGiven(member, fields))
  const [only] = present
  if (present.length > 1) {
    const writeOne: Write = (member, into, at, values = fields) =>
      writeMember(member, values as Fields, into, at, path, room)
    writeAgreed(present, writeOne, d, o, path, room)
  } else if (only) {
    writeMember(only, fields, d, o, path, room)
  } else if (members.length > 0) {
    const names = flatMembers(layout).map((member) => member.name)
    throw typeError(path, `missing, give at least one of ${names.join(', ')}`)
  }
}

function writeMember(
  member: Member,
  fields: Fields,
  d: DataView,
  o: number,
  path: Path | undefined,
  roomAround?: number,
): void {
  const { name, layout, bits } = member
  const offset = o + member.offset
  const room = roomAround === undefined ? sizeOf(layout) : roomAround - member.offset
  if (isAnonymous(member)) return writeMembers(member.layout, fields, d, offset, path, room)
  const at = { parent: path, key: name }
  const value = given(fields, name)
  if (value === undefined) throw typeError(at, 'missing')
  if (isScalar(layout)) writeScalar(layout, bits, value, d, offset, at)
  else write(layout, value, d, offset, at, room)
}
