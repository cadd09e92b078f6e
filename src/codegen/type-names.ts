import { typeAt, type Btf } from '../btf/btf.ts'
import { skipModifiers } from '../btf/traversal.ts'
import type { BtfType, TypeId } from '../btf/types.ts'

/** A struct, union or enum, which C gives a tag. */
export type Tagged = Extract<BtfType, { kind: 'struct' | 'union' | 'enum' | 'enum64' }>

export function isTagged(type: BtfType): type is Tagged {
  const { kind } = type
  return kind === 'struct' || kind === 'union' || kind === 'enum' || kind === 'enum64'
}

/** Returns the first typedef of each struct, union or enum without a tag. */
export function typedefNames(btf: Btf): ReadonlyMap<TypeId, string> {
  const names = new Map<TypeId, string>()
  for (const type of btf.types) {
    if (type.kind !== 'typedef') continue
    const id = skipModifiers(btf, type.target)
    const target = typeAt(btf, id)
    if (isTagged(target) && !target.name && !names.has(id)) names.set(id, type.name)
  }
  return names
}

/** Spells a type as C does: `struct event`, `event_t`. */
export function spellType(type: Tagged, typedef: string | undefined): string {
  const keyword = type.kind === 'enum64' ? 'enum' : type.kind
  return typedef ?? (type.name ? `${keyword} ${type.name}` : `an anonymous ${keyword}`)
}
