import * as dw from './constants.ts'
import { nameOf, type Die } from './die.ts'
import { isRecord, referredType } from './referred-type.ts'

/** A type that the user's program names, and the constants of an enum that has no name. */
export interface NamedType {
  /** The type or its typedef. */
  readonly die: Die
  /** The tag, or the typedef of a type without; empty for an enum that has neither. */
  readonly name: string
  /** The struct, union or enum itself. */
  readonly definition: Die
}

/** Leaves out structs and unions without a name, and typedefs of what has one. */
export function namedTypes(types: readonly Die[]): NamedType[] {
  const named: NamedType[] = []
  const inTypedef = new Set<number>()
  for (const die of types) {
    const definition = die.tag === dw.DW_TAG_typedef ? referredType(die) : undefined
    if (!definition || !isDefinition(definition) || nameOf(definition) !== '') continue
    inTypedef.add(definition.offset)
    named.push({ die, name: nameOf(die), definition })
  }
  for (const die of types) {
    if (!isDefinition(die) || inTypedef.has(die.offset)) continue
    const name = nameOf(die)
    if (name !== '' || !isRecord(die.tag)) named.push({ die, name, definition: die })
  }
  return named
}

function isDefinition({ tag }: Die): boolean {
  return isRecord(tag) || tag === dw.DW_TAG_enumeration_type
}
