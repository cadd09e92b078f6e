import type { TypeId } from '../btf/types.ts'
import { DW_AT_const_value, DW_TAG_LLVM_annotation } from './constants.ts'
import { attribute, children, nameOf, type Die } from './die.ts'
import type { References } from './references.ts'

/** Lists the texts of `__attribute__((btf_decl_tag("…")))` or btf_type_tag on an entry, in its order. */
function annotations(die: Die, name: 'btf_decl_tag' | 'btf_type_tag'): string[] {
  const texts: string[] = []
  if (!die.abbreviation.hasChildren) return texts
  for (const child of children(die)) {
    if (child.tag !== DW_TAG_LLVM_annotation || nameOf(child) !== name) continue
    const text = attribute(child, DW_AT_const_value)
    if (typeof text === 'string') texts.push(text)
  }
  return texts
}

/** Adds the tags of `die`, the member `component` of the type `target`, or the type itself at -1. */
export function addDeclTags(
  die: Die,
  target: TypeId,
  component: number,
  references: References,
): void {
  for (const name of annotations(die, 'btf_decl_tag')) {
    references.add({ kind: 'decl_tag', name, target, component })
  }
}

/** Returns what a pointer points to, inside its type tags. The tag written last is the outermost. */
export function taggedPointee(pointer: Die, references: References): TypeId {
  let target = references.pointee(pointer)
  for (const name of annotations(pointer, 'btf_type_tag')) {
    target = references.add({ kind: 'type_tag', name, target })
  }
  return target
}
