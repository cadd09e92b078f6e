import type { CompositeLayout, EnumLayout, Layout } from '../codec/layout.ts'
import { typeScope, valueScope } from './names.ts'

export type NamedLayout = CompositeLayout | EnumLayout

/** A C type that the module exports. */
export interface ExportedType {
  /** The name in JavaScript and TypeScript. */
  readonly name: string
  readonly cName: string
  readonly layout: NamedLayout
}

/** An enum's constant, exported under its own name. */
export interface ExportedConstant {
  readonly name: string
  readonly cName: string
  readonly value: number | bigint
}

export interface ExportedTypes {
  /** Types come after those that they contain by value. */
  readonly types: readonly ExportedType[]
  readonly constants: readonly ExportedConstant[]
  /** Returns the export of a named layout, also where BTF and DWARF both describe the type. */
  find(layout: Layout): ExportedType | undefined
  /** Returns the exported constants of an enum, in its order. */
  constantsOf(layout: EnumLayout): readonly ExportedConstant[]
}

/** The module's other exports, whose names a constant cannot have. */
const RESERVED_EXPORTS = ['types', 'defines']

/**
 * Collects the named types that the roots contain by value, and the constants of all enums, also anonymous ones. Equal
 * types of one name, which BTF and DWARF both describe, are exported once.
 */
export function exportTypes(roots: Iterable<Layout>): ExportedTypes {
  const types: ExportedType[] = []
  const typeNames = typeScope()
  const found = new Map<Layout, ExportedType>()
  const alike = new Map<string, ExportedType>()

  const constants: ExportedConstant[] = []
  const constantNames = valueScope(RESERVED_EXPORTS)
  const known = new Map<string, ExportedConstant>()
  const lists = new Map<EnumLayout, ExportedConstant[]>()

  const seen = new Set<Layout>()

  function visit(layout: Layout): void {
    if (seen.has(layout)) return
    seen.add(layout)
    switch (layout.kind) {
      case 'array':
        visit(layout.element)
        return
      case 'enum':
        addConstants(layout)
        addType(layout)
        return
      case 'struct':
      case 'union':
        for (const member of layout.members) visit(member.layout)
        addType(layout)
        return
      default:
    }
  }

  function addType(layout: NamedLayout): void {
    if (!layout.name) return
    const key = layoutSignature(layout, found)
    let type = alike.get(key)
    if (!type) {
      type = { name: typeNames.add(layout.name), cName: layout.name, layout }
      alike.set(key, type)
      types.push(type)
    }
    found.set(layout, type)
  }

  function addConstants(layout: EnumLayout): void {
    lists.set(
      layout,
      layout.constants.map(([cName, value]) => {
        const key = `${cName} ${typeof value} ${value}`
        let constant = known.get(key)
        if (!constant) {
          constant = { name: constantNames.add(cName), cName, value }
          known.set(key, constant)
          constants.push(constant)
        }
        return constant
      }),
    )
  }

  for (const root of roots) visit(root)
  return {
    types,
    constants,
    find: (layout) => found.get(layout),
    constantsOf: (layout) => lists.get(layout) ?? [],
  }
}

/** Returns a string that is the same for equal layouts; named types inside are compared by their exports. */
function layoutSignature(layout: Layout, found: ReadonlyMap<Layout, ExportedType>): string {
  const write = (inner: Layout): unknown => {
    const named = found.get(inner)
    if (named) return named.name
    switch (inner.kind) {
      case 'array':
        return ['array', inner.length, write(inner.element)]
      case 'struct':
      case 'union':
        return [
          inner.kind,
          inner.name,
          inner.size,
          inner.members.map(({ name, offset, layout, bits }) => [
            name,
            offset,
            bits,
            write(layout),
          ]),
        ]
      case 'enum':
        return [
          'enum',
          inner.name,
          inner.size,
          inner.signed,
          inner.constants.map(([name, value]) => [name, String(value)]),
        ]
      default:
        return inner
    }
  }
  return JSON.stringify(write(layout))
}
