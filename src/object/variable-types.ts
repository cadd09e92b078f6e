import { type RawBtf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'

/** Lists the types of the variables in the object's sections, by name. */
export function variableTypes(btf: RawBtf): Map<string, TypeId> {
  const types = new Map<string, TypeId>()
  for (const type of btf.types) if (type.kind === 'var') types.set(type.name, type.target)
  return types
}
