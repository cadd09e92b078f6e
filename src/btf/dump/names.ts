import { typeAt, type Btf } from '../btf.ts'
import type { BtfType, TypeId } from '../types.ts'
import { cBaseType, cIdentifier } from './c-names.ts'

/**
 * Names as they appear in the dump, such as C takes. BTF of a whole program may define one name several times, C may
 * not: the second is called `name___2`, in the order of asking. C keeps struct, union and enum tags
 * apart from typedefs and enumerators.
 */
export interface Names {
  tag(id: TypeId): string
  typedef(id: TypeId): string
  enumerator(name: string): string
}

/** libbpf's buffer for a name with its number (btf_dump.c: btf_dump_resolve_name). */
const MAX_LENGTH = 255

export function createNames(btf: Btf): Names {
  const assigned: string[] = Array.from({ length: btf.types.length })
  const tags = new Map<string, number>()
  const identifiers = new Map<string, number>()

  const name = (id: TypeId, used: Map<string, number>): string => {
    const known = assigned[id]
    if (known !== undefined) return known
    const type = typeAt(btf, id)
    const own = type.kind === 'int' ? cBaseType(type.name) : cIdentifier(type.name)
    const unique = own && !isDeclaredOnly(type) ? number(own, used) : own
    return (assigned[id] = unique.slice(0, MAX_LENGTH))
  }
  return {
    tag: (id) => name(id, tags),
    typedef: (id) => name(id, identifiers),
    enumerator: (name) => number(cIdentifier(name), identifiers),
  }
}

/** May be repeated: no definition. */
function isDeclaredOnly(type: BtfType): boolean {
  return type.kind === 'fwd' || (type.kind === 'enum' && type.values.length === 0)
}

function number(name: string, used: Map<string, number>): string {
  const count = (used.get(name) ?? 0) + 1
  used.set(name, count)
  return count === 1 ? name : `${name}___${count}`
}
