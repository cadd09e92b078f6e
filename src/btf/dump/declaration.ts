import type { Kind } from '../../uapi/btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import { knownSize, pointerSize } from '../size.ts'
import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import { cAttribute, cBaseType, cIdentifier, cString } from './c-names.ts'
import { bounded, type Dump, enter, type Frame } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { indent } from './indent.ts'
import { padding } from './padding.ts'

export interface DeclarationOptions {
  /** Tabs before the lines of a struct that is defined inside. */
  readonly level?: number
  /** Leaves out const, volatile, restrict and type tags, wherever they stand. */
  readonly stripModifiers?: boolean
  /** Typedefs written as `::name`: C++ lets no member have the name of its type otherwise. */
  readonly qualified?: ReadonlySet<string> | undefined
}

/** Where a declaration stands: what is declared inside of it is told the same. */
interface Place {
  readonly level: number
  readonly stripModifiers: boolean
  readonly qualified?: ReadonlySet<string> | undefined
  /** Declarations around it. */
  readonly depth: number
}

/**
 * `type name` in C, without a semicolon: `int (*name)[4]`. Structs, unions and enums that have no name
 * are defined in it.
 */
export function declaration(
  dump: Dump,
  id: TypeId,
  name: string,
  { level = 0, stripModifiers = false, qualified }: DeclarationOptions = {},
): string {
  return declare(dump, id, name, { level, stripModifiers, qualified, depth: 0 })
}

function declare(dump: Dump, id: TypeId, name: string, place: Place): string {
  const identifier = cIdentifier(name)
  const { stripModifiers, qualified } = place
  const frames = identifier ? dump.frames.named : dump.frames.nameless
  const isUsual = !stripModifiers && !qualified
  const known = isUsual ? frames.get(id) : undefined
  if (known) return framed(identifier, known)
  const chain = chainFrom(dump.btf.table, id, stripModifiers)
  const text = unwind(dump, identifier && SLOT, place, chain)
  const [before = '', after] = text.split(SLOT)
  // What is defined inside of it stands at another level elsewhere.
  if (isUsual && !text.includes('\n')) frames.set(id, { before, after })
  return framed(identifier, { before, after })
}

/** In the place of a name: no text of ours has it. */
const SLOT = '\0'

function framed(name: string, { before, after }: Frame): string {
  return after === undefined ? before : before + name + after
}

/** BTF leads from the name's outermost property to the base type, C begins with that. */
function chainFrom(table: TypeTable, id: TypeId, stripModifiers: boolean): TypeId[] {
  const chain: TypeId[] = []
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    switch (table.kind(at)) {
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        if (!stripModifiers) chain.push(at)
        at = table.target(at)
        break
      case 'pointer':
      case 'func_proto':
        chain.push(at)
        at = table.target(at)
        break
      case 'array':
        chain.push(at)
        at = table.element(at)
        break
      default:
        chain.push(at)
        return chain
    }
  }
  return chain
}

function unwind(dump: Dump, name: string, place: Place, chain: TypeId[]): string {
  const { table } = dump.btf
  let text = ''
  // Also at the start: a pointer that opens a parenthesis takes no space.
  let afterPointer = true
  for (let id = chain.pop(); id !== undefined; id = chain.pop()) {
    const kind = table.kind(id)
    switch (kind) {
      case 'void':
        text += `${takeModifiers(dump, chain)}void`
        break
      case 'int':
      case 'float':
        text += takeModifiers(dump, chain) + cBaseType(table.name(id))
        break
      case 'struct':
      case 'union':
        text += takeModifiers(dump, chain)
        text += table.name(id) ? `${kind} ${dump.names.tag(id)}` : composite(dump, id, place)
        break
      case 'enum':
      case 'enum64':
        text += takeModifiers(dump, chain)
        text += table.name(id)
          ? `enum ${dump.names.tag(id)}`
          : enumDefinition(dump, id, place.level)
        break
      case 'fwd':
        text += `${takeModifiers(dump, chain)}${table.forwards(id)} ${dump.names.tag(id)}`
        break
      case 'typedef':
        text += takeModifiers(dump, chain) + typedefName(dump, id, place)
        break
      case 'pointer':
        text += afterPointer ? '*' : ' *'
        break
      case 'const':
      case 'volatile':
      case 'restrict':
        text += ` ${kind}`
        break
      case 'type_tag':
        text += takeModifiers(dump, chain)
        text += table.flag(id)
          ? ` __attribute__((${cAttribute(table.name(id))}))`
          : ` __attribute__((btf_type_tag("${cString(table.name(id))}")))`
        break
      case 'array': {
        // gcc says `const` of the array as well as of its elements.
        dropModifiers(dump, chain)
        const dimension = `[${table.elements(id)}]`
        const outer = chain.at(-1)
        if (outer === undefined) return text + separated(name, afterPointer) + dimension
        if (name && !afterPointer) text += ' '
        const isArray = table.kind(outer) === 'array'
        const rest = unwind(dump, name, place, chain)
        return text + (isArray ? rest : `(${rest})`) + dimension
      }
      case 'func_proto':
        // gcc says `volatile` of a function that does not return.
        dropModifiers(dump, chain)
        text +=
          chain.length > 0
            ? ` (${unwind(dump, name, place, chain)})`
            : separated(name, afterPointer)
        return text + parameters(dump, id, place)
      case 'func':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        return text
    }
    afterPointer = kind === 'pointer'
  }
  return text + separated(name, afterPointer)
}

function typedefName({ names }: Dump, id: TypeId, { qualified }: Place): string {
  const name = names.typedef(id)
  return qualified?.has(name) ? `::${name}` : name
}

function separated(name: string, afterPointer: boolean): string {
  return name && !afterPointer ? ` ${name}` : name
}

/** Modifiers of a base type stand before it in C, of a pointer behind. */
function takeModifiers(dump: Dump, chain: TypeId[]): string {
  let text = ''
  for (let id = chain.at(-1); id !== undefined; id = chain.at(-1)) {
    const kind = dump.btf.table.kind(id)
    if (kind !== 'const' && kind !== 'volatile' && kind !== 'restrict') break
    text += `${kind} `
    chain.pop()
  }
  return text
}

function dropModifiers(dump: Dump, chain: TypeId[]): void {
  for (let id = chain.at(-1); id !== undefined; id = chain.at(-1)) {
    if (!isModifier(dump.btf.table.kind(id))) return
    chain.pop()
  }
}

function isModifier(kind: Kind): boolean {
  return kind === 'const' || kind === 'volatile' || kind === 'restrict' || kind === 'type_tag'
}

function parameters(dump: Dump, prototype: TypeId, place: Place): string {
  const params = dump.btf.table.params(prototype)
  // clang's BTF for bpf writes `()` as one parameter of type void.
  if (params.length === 0 || (params.length === 1 && params[0]?.type === 0)) return '(void)'
  enter(dump, place.depth)
  const inside = { ...place, depth: place.depth + 1 }
  let text = ''
  for (const [index, { name, type }] of params.entries()) {
    text += index > 0 ? ', ' : '('
    const variadic = type === 0 && index === params.length - 1
    text += variadic ? '...' : declare(dump, type, name, inside)
    bounded(text.length)
  }
  return `${text})`
}

/** `struct name { … }`, laid out as the BTF says it is. */
export function compositeDefinition(
  dump: Dump,
  id: TypeId,
  { qualified }: Pick<DeclarationOptions, 'qualified'> = {},
): string {
  return composite(dump, id, { level: 0, stripModifiers: false, qualified, depth: 0 })
}

function composite(dump: Dump, id: TypeId, place: Place): string {
  enter(dump, place.depth)
  const { alignments, btf, names } = dump
  const { table } = btf
  const kind = table.kind(id)
  const size = table.size(id)
  const members = table.members(id)
  const inside = { ...place, level: place.level + 1, depth: place.depth + 1 }
  const line = `\n${indent(inside.level)}`
  const packed = kind === 'struct' && alignments.isPacked(id)
  const longBits = pointerSize(btf) * 8
  let text = `${table.name(id) ? `${kind} ${names.tag(id)}` : kind} {`
  // Bits from the start; in 32 bits, as libbpf counts, where sizes are nonsense.
  let end = 0
  let afterBitfield = false
  for (const { name, type, bitOffset, bitSize } of members) {
    const isBitfield = bitSize !== 0
    const start = bitOffset | 0
    if (end < start) {
      const align = packed ? 1 : alignments.of(type)
      const gap = { start: end, end: start, align, inBitfield: afterBitfield && isBitfield }
      text += padding(gap, longBits, inside.level)
    }
    text += line + declare(dump, type, name, inside)
    text += isBitfield ? `: ${bitSize};` : ';'
    bounded(text.length)
    end = (start + (isBitfield ? bitSize : (knownSize(btf, type) ?? 0) * 8)) | 0
    afterBitfield = isBitfield
  }
  if (kind === 'struct') {
    const gap = { start: end, end: (size * 8) | 0, align: alignments.of(id), inBitfield: false }
    text += padding(gap, longBits, inside.level)
  }
  if (members.length > 0 || size > 0) text += `\n${indent(place.level)}`
  return `${text}}${packed ? ' __attribute__((packed))' : ''}`
}
