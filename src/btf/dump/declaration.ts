import { typeAt } from '../btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import { alignOf, isPacked, knownSize, pointerSize } from '../size.ts'
import { isModifier } from '../traversal.ts'
import type { BtfType, FuncProto, Struct, TypeId, Union } from '../types.ts'
import { cAttribute, cBaseType, cIdentifier, cString } from './c-names.ts'
import { ascend, bounded, descend, type Dump } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { indent } from './indent.ts'
import { padding } from './padding.ts'

export interface DeclarationOptions {
  /** Tabs before the lines of a struct that is defined inside. */
  readonly level?: number
  /** Leaves out const, volatile, restrict and type tags, wherever they stand. */
  readonly stripModifiers?: boolean
}

/**
 * `type name` in C, without a semicolon: `int (*name)[4]`. Structs, unions and enums that have no name
 * are defined in it.
 */
export function declaration(
  dump: Dump,
  id: TypeId,
  name: string,
  { level = 0, stripModifiers = false }: DeclarationOptions = {},
): string {
  // BTF leads from the name's outermost property to the base type, C begins with that.
  const chain: TypeId[] = []
  let next: TypeId | undefined = id
  for (let steps = 0; next !== undefined && steps < MAX_DEPTH; steps++) {
    const type: BtfType = typeAt(dump.btf, next)
    if (!(stripModifiers && isModifier(type))) chain.push(next)
    next = inward(type)
  }
  descend(dump)
  const text = unwind({ dump, name: cIdentifier(name), level, stripModifiers }, chain)
  ascend(dump)
  return text
}

/** What a derived type is derived from. */
function inward(type: BtfType): TypeId | undefined {
  switch (type.kind) {
    case 'pointer':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
      return type.target
    case 'array':
      return type.element
    case 'func_proto':
      return type.returns
    default:
      return undefined
  }
}

interface Declared {
  readonly dump: Dump
  readonly name: string
  readonly level: number
  readonly stripModifiers: boolean
}

function unwind(declared: Declared, chain: TypeId[]): string {
  const { dump, name, level, stripModifiers } = declared
  let text = ''
  // Also at the start: a pointer that opens a parenthesis takes no space.
  let afterPointer = true
  for (let id = chain.pop(); id !== undefined; id = chain.pop()) {
    const type = typeAt(dump.btf, id)
    switch (type.kind) {
      case 'void':
        text += `${takeModifiers(dump, chain)}void`
        break
      case 'int':
      case 'float':
        text += takeModifiers(dump, chain) + cBaseType(type.name)
        break
      case 'struct':
      case 'union':
        text += takeModifiers(dump, chain)
        text += type.name
          ? `${type.kind} ${dump.names.tag(id)}`
          : compositeDefinition(dump, id, type, { level, stripModifiers })
        break
      case 'enum':
      case 'enum64':
        text += takeModifiers(dump, chain)
        text += type.name ? `enum ${dump.names.tag(id)}` : enumDefinition(dump, id, type, level)
        break
      case 'fwd':
        text += `${takeModifiers(dump, chain)}${type.forwards} ${dump.names.tag(id)}`
        break
      case 'typedef':
        text += takeModifiers(dump, chain) + dump.names.typedef(id)
        break
      case 'pointer':
        text += afterPointer ? '*' : ' *'
        break
      case 'const':
      case 'volatile':
      case 'restrict':
        text += ` ${type.kind}`
        break
      case 'type_tag':
        text += takeModifiers(dump, chain)
        text += type.attribute
          ? ` __attribute__((${cAttribute(type.name)}))`
          : ` __attribute__((btf_type_tag("${cString(type.name)}")))`
        break
      case 'array': {
        // gcc says `const` of the array as well as of its elements.
        dropModifiers(dump, chain)
        const dimension = `[${type.length}]`
        const outer = chain.at(-1)
        if (outer === undefined) return text + separated(name, afterPointer) + dimension
        if (name && !afterPointer) text += ' '
        const rest = unwind(declared, chain)
        const isArray = typeAt(dump.btf, outer).kind === 'array'
        return text + (isArray ? rest : `(${rest})`) + dimension
      }
      case 'func_proto':
        // gcc says `volatile` of a function that does not return.
        dropModifiers(dump, chain)
        text += chain.length > 0 ? ` (${unwind(declared, chain)})` : separated(name, afterPointer)
        return text + parameters(declared, type)
      case 'func':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        return text
    }
    afterPointer = type.kind === 'pointer'
  }
  return text + separated(name, afterPointer)
}

function separated(name: string, afterPointer: boolean): string {
  return name && !afterPointer ? ` ${name}` : name
}

/** Modifiers of a base type stand before it in C, of a pointer behind. */
function takeModifiers(dump: Dump, chain: TypeId[]): string {
  let text = ''
  for (let id = chain.at(-1); id !== undefined; id = chain.at(-1)) {
    const { kind } = typeAt(dump.btf, id)
    if (kind !== 'const' && kind !== 'volatile' && kind !== 'restrict') break
    text += `${kind} `
    chain.pop()
  }
  return text
}

function dropModifiers(dump: Dump, chain: TypeId[]): void {
  for (let id = chain.at(-1); id !== undefined; id = chain.at(-1)) {
    if (!isModifier(typeAt(dump.btf, id))) return
    chain.pop()
  }
}

function parameters({ dump, level, stripModifiers }: Declared, type: FuncProto): string {
  const [first] = type.params
  // clang's BTF for bpf writes `()` as one parameter of type void.
  if (!first || (type.params.length === 1 && first.type === 0)) return '(void)'
  let text = '('
  for (const [index, { name, type: id }] of type.params.entries()) {
    if (index > 0) text += ', '
    const variadic = id === 0 && index === type.params.length - 1
    text += variadic ? '...' : declaration(dump, id, name, { level, stripModifiers })
    bounded(text.length)
  }
  return `${text})`
}

/** `struct name { … }`, laid out as the BTF says it is. */
export function compositeDefinition(
  dump: Dump,
  id: TypeId,
  type: Struct | Union,
  { level = 0, stripModifiers = false }: DeclarationOptions = {},
): string {
  const { btf } = dump
  const inside = { level: level + 1, stripModifiers }
  const isStruct = type.kind === 'struct'
  const packed = isStruct && isPacked(btf, type)
  const longBits = pointerSize(btf) * 8
  let text = `${type.name ? `${type.kind} ${dump.names.tag(id)}` : type.kind} {`
  // Bits from the start; in 32 bits, as libbpf counts, where sizes are nonsense.
  let end = 0
  let afterBitfield = false
  for (const member of type.members) {
    const isBitfield = member.bitSize !== 0
    const gap = {
      start: end,
      end: member.bitOffset | 0,
      align: packed ? 1 : alignOf(btf, member.type),
      inBitfield: afterBitfield && isBitfield,
    }
    text += padding(gap, longBits, level + 1)
    text += `\n${indent(level + 1)}${declaration(dump, member.type, member.name, inside)}`
    if (isBitfield) text += `: ${member.bitSize}`
    text += ';'
    bounded(text.length)
    const bits = isBitfield ? member.bitSize : (knownSize(btf, member.type) ?? 0) * 8
    end = (member.bitOffset + bits) | 0
    afterBitfield = isBitfield
  }
  if (isStruct) {
    const gap = { start: end, end: (type.size * 8) | 0, align: alignOf(btf, id), inBitfield: false }
    text += padding(gap, longBits, level + 1)
  }
  if (type.members.length > 0 || type.size > 0) text += `\n${indent(level)}`
  return `${text}}${packed ? ' __attribute__((packed))' : ''}`
}
