import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Struct, TypeId } from '../btf/types.ts'

/**
 * The struct that a map is declared with: `__uint(type, BPF_MAP_TYPE_HASH)` makes a member `int (*type)[1]` of
 * it, and no value is ever of that type. Undefined for all other types.
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
