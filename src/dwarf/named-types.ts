import * as dw from './constants.ts'
import { nameOf, type Die } from './die.ts'
import { isRecord, referredType } from './referred-type.ts'

/** A type to which the user's program gives a name, or an enum without a name, for its constants. */
export interface NamedType {
  /** The entry of the type or of its typedef. */
  readonly die: Die
  /** The tag, or the typedef's name when there is no tag; empty for an enum that has neither. */
  readonly name: string
  /** The struct, union or enum itself. */
  readonly definition: Die
}

/** Lists the named types, without nameless structs and unions and without typedefs of types that have a tag. */
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
