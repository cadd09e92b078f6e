import type { RawBtf } from '../btf/btf.ts'
import { type Dump, enter } from '../btf/dump/dump.ts'
import type { TypeId } from '../btf/types.ts'
import { sanitizeIdentifier } from '../object/identifier.ts'
import type { BpfObject } from '../object/object.ts'

/** Types that are keywords in C++, which takes no `::` before them. */
const CPP_KEYWORDS: ReadonlySet<string> = new Set(['bool', 'wchar_t', 'char16_t', 'char32_t'])

/**
 * Returns the typedefs that share a name with a member or global of the header: `direction direction;`. C accepts that;
 * C++ refuses a member that changes the meaning of a name, unless the type is written as `::direction`.
 */
export function typedefsNamedAsMembers({ sections }: BpfObject, dump: Dump): ReadonlySet<string> {
  const { table } = dump.btf
  const members = new Set<string>()
  const typedefs = new Set<string>()
  const seen = new Set<TypeId>()
  const visit = (id: TypeId, depth: number): void => {
    if (id === 0 || seen.has(id)) return
    seen.add(id)
    enter(dump, depth)
    if (table.kind(id) === 'typedef') typedefs.add(dump.names.typedef(id))
    for (const name of memberNames(dump.btf, id)) members.add(name)
    for (const used of referencedTypes(dump.btf, id)) visit(used, depth + 1)
  }
  for (const { variables } of sections) {
    for (const { name, type } of variables) {
      members.add(sanitizeIdentifier(name))
      visit(type, 0)
    }
  }
  return new Set([...typedefs].filter((name) => members.has(name) && !CPP_KEYWORDS.has(name)))
}

function memberNames({ table }: RawBtf, id: TypeId): string[] {
  const kind = table.kind(id)
  return kind === 'struct' || kind === 'union' ? table.members(id).map(({ name }) => name) : []
}

/** Returns the types that a definition of the type needs; a pointer to a named struct needs no definition of that. */
function referencedTypes({ table }: RawBtf, id: TypeId): TypeId[] {
  switch (table.kind(id)) {
    case 'struct':
    case 'union':
      return table.members(id).map(({ type }) => type)
    case 'array':
      return [table.element(id)]
    case 'func_proto':
      return [table.target(id), ...table.params(id).map(({ type }) => type)]
    case 'pointer': {
      const target = table.target(id)
      const kind = table.kind(target)
      const isDeclared = (kind === 'struct' || kind === 'union') && table.name(target) !== ''
      return isDeclared ? [] : [target]
    }
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
      return [table.target(id)]
    default:
      return []
  }
}
