import type { Btf } from '../btf/btf.ts'
import type { TypeId } from '../btf/types.ts'

/** The types and members with `__attribute__((btf_decl_tag("js:number")))`. */
export interface TaggedNumbers {
  /** Returns whether a typedef or a variable is tagged. */
  type(id: TypeId): boolean
  /** Returns whether the member at an index is tagged. */
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
