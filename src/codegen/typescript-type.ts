import type { CompositeLayout, EnumLayout, Layout, Member } from '../codec/layout.ts'
import { plainText, type Text } from './declaration-map.ts'
import { jsdoc } from './jsdoc.ts'
import { propertyKey, quote } from './literal.ts'
import type { Declared, SkeletonModel } from './model.ts'

/** Arrays up to this length are tuples, nested ones up to this many elements in all. */
const TUPLE_LENGTH = 16
const TUPLE_ELEMENTS = 256

const LINE_LENGTH = 100

export interface TypeContext {
  readonly model: SkeletonModel
  /** The local name of the runtime's namespace. */
  readonly rt: string
  readonly indent: string
}

/** Returns the TypeScript type that a layout reads as. `key` names the value in C, `event.at`, to find its members' comments. */
export function readType(context: TypeContext, layout: Layout, key: string): Text {
  const type = context.model.exports.find(layout)
  if (type) return type.name
  switch (layout.kind) {
    case 'int':
      return layout.size <= 4 || layout.safe ? 'number' : 'bigint'
    case 'bool':
      return 'boolean'
    case 'float':
      return 'number'
    case 'enum':
      return enumType(context, layout)
    case 'chars':
      return 'string'
    case 'bytes':
      return 'globalThis.Uint8Array'
    case 'array':
      return arrayType(readType(context, layout.element, key), layout)
    case 'struct':
    case 'union':
      return compositeType(context, layout, key)
  }
}

/** Returns the union of an enum's constants, for completion, and any integer: a newer kernel may have more constants. */
export function enumType({ model }: TypeContext, layout: EnumLayout): string {
  const any = layout.size === 8 ? 'bigint' : 'number'
  const constants = model.exports.constantsOf(layout).map(({ name }) => `typeof ${name}`)
  return constants.length === 0 ? any : [...constants, `(${any} & {})`].join(' | ')
}

function arrayType(element: Text, layout: Extract<Layout, { kind: 'array' }>): Text {
  if (isTuple(layout)) {
    return ['[', Array.from({ length: layout.length }, (_, i) => [i ? ', ' : '', element]), ']']
  }
  return /^\w+$/u.test(plainText(element)) ? [element, '[]'] : ['(', element, ')[]']
}

function isTuple({ element, length }: Extract<Layout, { kind: 'array' }>): boolean {
  return length > 0 && length <= TUPLE_LENGTH && length * countNames(element) <= TUPLE_ELEMENTS
}

/** Returns how many type names it takes to write a type out. */
function countNames(layout: Layout): number {
  switch (layout.kind) {
    case 'array':
      return isTuple(layout)
        ? layout.length * countNames(layout.element)
        : countNames(layout.element)
    case 'struct':
    case 'union':
      return layout.name
        ? 1
        : layout.members.reduce((sum, { layout }) => sum + countNames(layout), 0)
    default:
      return 1
  }
}

function compositeType(context: TypeContext, layout: CompositeLayout, key: string): Text {
  const { indent, model } = context
  const mark = unionMarker(context, layout)
  const suffix = mark && ` & ${mark}`
  const members = membersOf(layout)
  if (members.length === 0) return `{}${suffix}`

  const line = members.map((member, i) => [i ? '; ' : '', memberType(context, member, key)])
  const isDocumented = members.some(({ name }) => model.declared.get(`${key}.${name}`)?.doc)
  const text = plainText(line)
  if (!isDocumented && !text.includes('\n') && indent.length + text.length < LINE_LENGTH) {
    return ['{ ', line, ' }', suffix]
  }
  const inner = { ...context, indent: `${indent}  ` }
  return ['{\n', memberLines(inner, layout, key), indent, '}', suffix]
}

/** Returns the members, one on a line, with their comments. */
export function memberLines(context: TypeContext, layout: CompositeLayout, key: string): Text {
  const { indent, model } = context
  return membersOf(layout).map((member) => [
    jsdoc(model.declared.get(`${key}.${member.name}`)?.doc, indent),
    indent,
    memberType(context, member, key),
    '\n',
  ])
}

function memberType(context: TypeContext, member: Member, parent: string): Text {
  const { name, layout, bits } = member
  const key = `${parent}.${name}`
  const type =
    bits && layout.kind === 'int'
      ? // The width of a bitfield decides, not its declared type.
        bits.size <= 32
        ? 'number'
        : 'bigint'
      : readType(context, layout, key)
  return [property(name, context.model.declared.get(key)), ': ', type]
}

/** Returns the members that C reaches by name: those of anonymous structs and unions belong to the outer one. */
function membersOf(layout: CompositeLayout): Member[] {
  return layout.members.flatMap((member) =>
    isAnonymous(member) ? membersOf(member.layout) : [member],
  )
}

function isAnonymous(member: Member): member is Member & { layout: CompositeLayout } {
  const { kind } = member.layout
  return member.name === '' && (kind === 'struct' || kind === 'union')
}

/** Returns the type that marks the members that share bytes, of which any may be written; empty when none do. */
export function unionMarker({ rt }: TypeContext, layout: CompositeLayout): string {
  const names = sharedNames(layout).map((name) => quote(name))
  return names.length === 0 ? '' : `${rt}.Union<${names.join(' | ')}>`
}

function sharedNames(layout: CompositeLayout): string[] {
  if (layout.kind === 'union') return membersOf(layout).map(({ name }) => name)
  return layout.members.flatMap((member) => (isAnonymous(member) ? sharedNames(member.layout) : []))
}

/** Returns a property's name, mapped to its declaration in C. */
export function property(name: string, declared: Declared | undefined): Text {
  return { name: propertyKey(name), place: declared?.place }
}
