import type { Btf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'

/** Where a program wrote `__attribute__((btf_decl_tag("js:number")))`. */
export interface TaggedNumbers {
  /** On a typedef or a variable. */
  type(id: TypeId): boolean
  /** On a member, by its index. */
  member(id: TypeId, index: number): boolean
}

export function taggedNumbers(btf: Btf): TaggedNumbers {
  const tagged = new Set<string>()
  for (const type of btf.types) {
    if (type.kind === 'decl_tag' && type.name === 'js:number') {
      tagged.add(`${type.target} ${type.component}`)
    }
  }
  return {
    type: (id) => tagged.has(`${id} -1`),
    member: (id, index) => tagged.has(`${id} ${index}`),
  }
}
