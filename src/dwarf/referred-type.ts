import { FormatError } from '../elf/format-error.ts'
import * as dw from './constants.ts'
import { attribute, dieAt, type Die } from './die.ts'
import { unitAt } from './units.ts'

/** The longest chain that is followed. The kernel's BTF allows 32; a longer one is a cycle or hostile. */
const MAX_CHAIN = 256

/**
 * Returns the type that an entry's DW_AT_type names; undefined for void. `_Atomic`, which BTF lacks, is skipped. Throws
 * FormatError.
 */
export function referredType(from: Die): Die | undefined {
  let die = directlyReferred(from)
  for (let steps = 0; die?.tag === dw.DW_TAG_atomic_type; steps++) {
    if (steps > MAX_CHAIN) throw new FormatError('DWARF', die.offset, 'a type refers to itself')
    die = directlyReferred(die)
  }
  return die?.tag === dw.DW_TAG_unspecified_type ? undefined : die
}

function directlyReferred(from: Die): Die | undefined {
  const offset = attribute(from, dw.DW_AT_type)
  if (offset === undefined) return undefined
  if (typeof offset !== 'number') {
    throw new FormatError('DWARF', from.offset, 'a reference to a type is no offset')
  }
  const unit = unitAt(offset, from.unit)
  if (!unit) throw new FormatError('DWARF', from.offset, 'a reference points outside of all units')
  return dieAt(unit, offset)
}

/** Returns the type at the end of a chain of typedefs, qualifiers and arrays; the last of the chain when that is void. */
export function underModifiers(from: Die): Die {
  let die = from
  for (let steps = 0; isModifier(die.tag) && steps < MAX_CHAIN; steps++) {
    const next = referredType(die)
    if (!next) break
    die = next
  }
  return die
}

function isModifier(tag: number): boolean {
  switch (tag) {
    case dw.DW_TAG_typedef:
    case dw.DW_TAG_const_type:
    case dw.DW_TAG_volatile_type:
    case dw.DW_TAG_restrict_type:
    case dw.DW_TAG_array_type:
      return true
    default:
      return false
  }
}

export function isRecord(tag: number): boolean {
  switch (tag) {
    case dw.DW_TAG_structure_type:
    case dw.DW_TAG_class_type:
    case dw.DW_TAG_union_type:
      return true
    default:
      return false
  }
}
