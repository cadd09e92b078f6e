import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Struct, TypeId } from '../btf/types.ts'

/**
 * Returns the struct with which a map is declared; undefined for other types. `__uint(type, BPF_MAP_TYPE_HASH)` gives it a
 * member `int (*type)[1]`, which no other struct has.
 */
export function mapDefinition(btf: Btf, id: TypeId): Struct | undefined {
  const struct = typeAt(btf, resolveTypedefs(btf, id))
  if (struct.kind !== 'struct') return undefined
  const type = struct.members.find(({ name }) => name === 'type')
  const pointer = type && typeAt(btf, resolveTypedefs(btf, type.type))
  if (pointer?.kind !== 'pointer') return undefined
  const array = typeAt(btf, resolveTypedefs(btf, pointer.target))
  if (array.kind !== 'array') return undefined
  return typeAt(btf, resolveTypedefs(btf, array.element)).kind === 'int' ? struct : undefined
}
