import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import { cBaseType, cIdentifier } from './c-names.ts'

/**
 * Names as they appear in the dump. BTF may define one name several times and C may not, so the second one that is requested
 * becomes `name___2`. C keeps struct, union and enum tags apart from typedefs and enumerators.
 */
export interface Names {
  tag(id: TypeId): string
  typedef(id: TypeId): string
  enumerator(name: string): string
}

/** The size of libbpf's buffer for a name with its number (btf_dump.c: btf_dump_resolve_name). */
const MAX_LENGTH = 255

export function createNames(table: TypeTable): Names {
  const assigned = new Map<TypeId, string>()
  const tags = new Map<string, number>()
  const identifiers = new Map<string, number>()

  const name = (id: TypeId, used: Map<string, number>): string => {
    const known = assigned.get(id)
    if (known !== undefined) return known
    const plain = table.kind(id) === 'int' ? cBaseType(table.name(id)) : cIdentifier(table.name(id))
    const unique = plain && !isDeclaredOnly(table, id) ? number(plain, used) : plain
    const fitting = unique.slice(0, MAX_LENGTH)
    assigned.set(id, fitting)
    return fitting
  }
  return {
    tag: (id) => name(id, tags),
    typedef: (id) => name(id, identifiers),
    enumerator: (name) => number(cIdentifier(name), identifiers),
  }
}

/** Returns whether it is a declaration without a definition, which C may repeat. */
function isDeclaredOnly(table: TypeTable, id: TypeId): boolean {
  const kind = table.kind(id)
  return kind === 'fwd' || (kind === 'enum' && table.count(id) === 0)
}

function number(name: string, used: Map<string, number>): string {
  const count = (used.get(name) ?? 0) + 1
  used.set(name, count)
  return count === 1 ? name : `${name}___${count}`
}
