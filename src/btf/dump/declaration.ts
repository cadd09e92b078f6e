import type { Kind } from '../../uapi/btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import { knownSize, pointerSize } from '../size.ts'
import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import { cAttribute, cBaseType, cIdentifier, cString } from './c-names.ts'
import { bounded, type Dump, enter, type SplitDeclaration } from './dump.ts'
import { enumDefinition } from './enumeration.ts'
import { indent } from './indent.ts'
import { padding } from './padding.ts'

export interface DeclarationOptions {
  /** The number of tabs before the lines of a struct that is defined inside. */
  readonly level?: number
  /** Leaves out const, volatile, restrict and type tags, wherever they stand. */
  readonly stripModifiers?: boolean
  /** Typedefs that are written as `::name`, because C++ lets no member have the name of its type otherwise. */
  readonly qualified?: ReadonlySet<string> | undefined
}

/** The options of a declaration, which those inside it inherit, and its depth. */
interface DeclarationContext {
  readonly level: number
  readonly stripModifiers: boolean
  readonly qualified?: ReadonlySet<string> | undefined
  /** The number of declarations around this one. */
  readonly depth: number
}

/**
 * Returns `type name` in C, without a semicolon: `int (*name)[4]`. Structs, unions and enums without a name are defined in
 * it.
 */
export function declaration(
  dump: Dump,
  id: TypeId,
  name: string,
  { level = 0, stripModifiers = false, qualified }: DeclarationOptions = {},
): string {
  return declare(dump, id, name, { level, stripModifiers, qualified, depth: 0 })
}

function declare(dump: Dump, id: TypeId, name: string, context: DeclarationContext): string {
  const identifier = cIdentifier(name)
  const { stripModifiers, qualified } = context
  const cache = identifier ? dump.declarations.named : dump.declarations.nameless
  const isUsual = !stripModifiers && !qualified
  const known = isUsual ? cache.get(id) : undefined
  if (known) return withName(identifier, known)
  const chain = chainFrom(dump.btf.table, id, stripModifiers)
  const text = unwind(dump, identifier && SLOT, context, chain)
  const [before = '', after] = text.split(SLOT)
  // A definition inside it is indented by where it stands, so it cannot be used again.
  if (isUsual && !text.includes('\n')) cache.set(id, { before, after })
  return withName(identifier, { before, after })
}

/** Stands for the name: no generated text contains this character. */
const SLOT = '\0'

function withName(name: string, { before, after }: SplitDeclaration): string {
  return after === undefined ? before : before + name + after
}

/** Lists the types from the name's outermost property to the base type, which C writes first. */
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

function unwind(dump: Dump, name: string, context: DeclarationContext, chain: TypeId[]): string {
  const { table } = dump.btf
  let text = ''
  // True at the start too: a pointer that opens a parenthesis takes no space.
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
        text += table.name(id) ? `${kind} ${dump.names.tag(id)}` : composite(dump, id, context)
        break
      case 'enum':
      case 'enum64':
        text += takeModifiers(dump, chain)
        text += table.name(id)
          ? `enum ${dump.names.tag(id)}`
          : enumDefinition(dump, id, context.level)
        break
      case 'fwd':
        text += `${takeModifiers(dump, chain)}${table.fwdKind(id)} ${dump.names.tag(id)}`
        break
      case 'typedef':
        text += takeModifiers(dump, chain) + typedefName(dump, id, context)
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
        // gcc marks the array `const` as well as its elements.
        dropModifiers(dump, chain)
        const dimension = `[${table.elements(id)}]`
        const outer = chain.at(-1)
        if (outer === undefined) return text + separated(name, afterPointer) + dimension
        if (name && !afterPointer) text += ' '
        const isArray = table.kind(outer) === 'array'
        const rest = unwind(dump, name, context, chain)
        return text + (isArray ? rest : `(${rest})`) + dimension
      }
      case 'func_proto':
        // gcc marks a function that does not return as `volatile`.
        dropModifiers(dump, chain)
        text +=
          chain.length > 0
            ? ` (${unwind(dump, name, context, chain)})`
            : separated(name, afterPointer)
        return text + parameters(dump, id, context)
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

function typedefName({ names }: Dump, id: TypeId, { qualified }: DeclarationContext): string {
  const name = names.typedef(id)
  return qualified?.has(name) ? `::${name}` : name
}

function separated(name: string, afterPointer: boolean): string {
  return name && !afterPointer ? ` ${name}` : name
}

/** Takes the modifiers of a base type off the chain: in C they stand before it, those of a pointer behind it. */
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

function parameters(dump: Dump, prototype: TypeId, context: DeclarationContext): string {
  const params = dump.btf.table.params(prototype)
  // clang's BTF for bpf writes `()` as one parameter of type void.
  if (params.length === 0 || (params.length === 1 && params[0]?.type === 0)) return '(void)'
  enter(dump, context.depth)
  const inside = { ...context, depth: context.depth + 1 }
  let text = ''
  for (const [index, { name, type }] of params.entries()) {
    text += index > 0 ? ', ' : '('
    const variadic = type === 0 && index === params.length - 1
    text += variadic ? '...' : declare(dump, type, name, inside)
    bounded(text.length)
  }
  return `${text})`
}

/** Returns `struct name { … }` with padding that gives it the layout in the BTF. */
export function compositeDefinition(
  dump: Dump,
  id: TypeId,
  { qualified }: Pick<DeclarationOptions, 'qualified'> = {},
): string {
  return composite(dump, id, { level: 0, stripModifiers: false, qualified, depth: 0 })
}

function composite(dump: Dump, id: TypeId, context: DeclarationContext): string {
  enter(dump, context.depth)
  const { alignments, btf, names } = dump
  const { table } = btf
  const kind = table.kind(id)
  const size = table.size(id)
  const members = table.members(id)
  const inside = { ...context, level: context.level + 1, depth: context.depth + 1 }
  const line = `\n${indent(inside.level)}`
  const packed = kind === 'struct' && alignments.isPacked(id)
  const longBits = pointerSize(btf) * 8
  let text = `${table.name(id) ? `${kind} ${names.tag(id)}` : kind} {`
  // In bits from the start; 32-bit as in libbpf, which matters only when sizes make no sense.
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
  if (members.length > 0 || size > 0) text += `\n${indent(context.level)}`
  return `${text}}${packed ? ' __attribute__((packed))' : ''}`
}
