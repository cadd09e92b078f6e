import { isBytes, Memo } from './intrinsics.ts'
import { supportFor } from './layout-support.ts'
import {
  type ArrayLayout,
  type BytesLayout,
  type CompositeLayout,
  type Layout,
  type Member,
  sizeOf,
  strideOf,
  u8,
} from './layout.ts'
import { flatMembers, isAnonymous, memberNames } from './members.ts'
import { scalarWriter } from './scalar-writer.ts'
import { isScalar } from './scalar.ts'
import { charsWriter } from './text.ts'
import { describeValue, type ValuePath, rangeError, typeError } from './value-path.ts'

/**
 * Writes a value into zeroed scratch memory: an error may leave it half written. `room` is the number of bytes from `o`
 * on, more than the layout's size only for a flexible array.
 */
export type Writer = (
  value: unknown,
  d: DataView,
  o: number,
  path: ValuePath | undefined,
  room: number,
) => void

const writers = new Memo<Layout, Writer>()

/** Returns the writer of a layout, made once, with all that can be known before a value comes. */
export function writerOf(layout: Layout): Writer {
  let writer = writers.get(layout)
  if (!writer) {
    writer = makeWriter(layout)
    writers.set(layout, writer)
  }
  return writer
}

function makeWriter(layout: Layout): Writer {
  if (isScalar(layout)) return scalarWriter(layout)
  switch (layout.kind) {
    case 'chars':
      return charsWriter(layout)
    case 'bytes':
    case 'array':
      return arrayWriter(layout)
    default:
      return compositeWriter(layout)
  }
}

function arrayWriter(layout: ArrayLayout | BytesLayout): Writer {
  const element = layout.kind === 'bytes' ? u8 : layout.element
  const size = layout.kind === 'bytes' ? 1 : strideOf(layout)
  const writeElement = writerOf(element)
  return (value, d, o, path, room) => {
    const { length } = requireArray(value, path)
    const capacity = layout.length || Math.floor(room / (size || 1))
    if (length > capacity || (length < capacity && layout.length)) {
      const expected = layout.length ? `${capacity} elements` : `at most ${capacity} elements`
      throw rangeError(path, `expected ${expected}, got ${length}`)
    }
    if (isByte(element) && isBytes(value)) {
      for (let i = 0; i < length; i++) d.setUint8(o + i, value[i] ?? 0)
      return
    }
    const elements = value as ArrayLike<unknown>
    const at = { parent: path, key: 0 }
    for (; at.key < length; at.key++) {
      writeElement(elements[at.key], d, o + at.key * size, at, sizeOf(element))
    }
  }
}

function isByte(layout: Layout): boolean {
  return layout.kind === 'int' && layout.size === 1 && !layout.signed
}

export function requireArray(value: unknown, path: ValuePath | undefined): ArrayLike<unknown> {
  if (typeof value === 'object' && value !== null && 'length' in value) {
    if (Number.isSafeInteger(value.length) && Number(value.length) >= 0) {
      return value as ArrayLike<unknown>
    }
  }
  throw typeError(path, `expected an array, got ${describeValue(value)}`)
}

export type Fields = Readonly<Record<string, unknown>>
type MemberWriter = (
  fields: Fields,
  d: DataView,
  o: number,
  path: ValuePath | undefined,
  room: number,
) => void

function compositeWriter(layout: CompositeLayout): Writer {
  const names = new Set(flatMembers(layout).map((member) => member.name))
  const list = [...names].join(', ') || 'none'
  const writeMembers = membersWriter(layout)
  return (value, d, o, path, room) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw typeError(
        path,
        `expected an object with the fields ${list}; got ${describeValue(value)}`,
      )
    }
    let count = 0
    for (const _ in value) count++
    // With as many keys as fields, an unknown key means a missing field, which is reported below.
    if (count !== names.size) {
      for (const key in value) {
        if (names.has(key)) continue
        throw typeError({ parent: path, key }, `no such field, the fields are ${list}`)
      }
    }
    writeMembers(value as Fields, d, o, path, room)
  }
}

/** Returns the writer of a composite's members; those of an anonymous one are fields of the object around it. */
function membersWriter(layout: CompositeLayout): MemberWriter {
  const { kind, members } = layout
  const writes = members.map((member, index) =>
    memberWriter(member, kind === 'union' || index === members.length - 1),
  )
  if (kind === 'struct') {
    return (fields, d, o, path, room) => {
      for (const write of writes) write(fields, d, o, path, room)
    }
  }
  return (fields, d, o, path, room) => {
    const given = members.filter((member) => isGiven(member, fields))
    if (given.length === 0 && members.length > 0) {
      throw typeError(
        path,
        `missing, expected at least one of ${members.map(memberNames).join(', ')}`,
      )
    }
    const write = (member: Member, into: DataView, at: number, values: unknown = fields): void =>
      writes[members.indexOf(member)]?.(values as Fields, into, at, path, room)
    const [only] = given
    if (given.length > 1) supportFor('union')(given, write, d, o, path, room)
    else if (only) write(only, d, o)
  }
}

function memberWriter(member: Member, last: boolean): MemberWriter {
  const { name, offset, layout, bits } = member
  const size = sizeOf(layout)
  if (isAnonymous(member)) {
    const write = membersWriter(member.layout)
    return (fields, d, o, path, room) =>
      write(fields, d, o + offset, path, last ? room - offset : size)
  }
  const write = isScalar(layout) ? scalarWriter(layout, bits) : writerOf(layout)
  const inherited = isInherited(name)
  return (fields, d, o, parent, room) => {
    const path = { parent, key: name }
    const value = inherited && !Object.hasOwn(fields, name) ? undefined : fields[name]
    if (value === undefined) throw typeError(path, 'missing')
    write(value, d, o + offset, path, last ? room - offset : size)
  }
}

/** Returns whether every object inherits the name from Object.prototype, as `constructor`. */
function isInherited(name: string): boolean {
  return name in Object.prototype
}

function isGiven(member: Member, fields: Fields): boolean {
  const names = isAnonymous(member) ? flatMembers(member.layout) : [member]
  return names.some(
    ({ name }) => fields[name] !== undefined && (!isInherited(name) || Object.hasOwn(fields, name)),
  )
}
