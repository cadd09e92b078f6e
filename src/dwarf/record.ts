import type { Member, Struct, TypeId, Union } from '../btf/types.ts'
import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import { addDeclTags } from './annotations.ts'
import * as dw from './constants.ts'
import { attribute, children, nameOf, numberOf, type Die } from './die.ts'
import type { References } from './references.ts'

/** Translates a struct or union with its members. `id` will be its id, to which its tags refer. */
export function translateRecord(die: Die, id: TypeId, references: References): Struct | Union {
  const members: Member[] = []
  for (const child of children(die)) {
    if (child.tag !== dw.DW_TAG_member) continue
    addDeclTags(child, id, members.length, references)
    members.push({
      name: nameOf(child),
      type: references.target(child),
      bitOffset: bitOffsetOf(child),
      bitSize: numberOf(child, dw.DW_AT_bit_size) ?? 0,
    })
  }
  addDeclTags(die, id, -1, references)
  const kind = die.tag === dw.DW_TAG_union_type ? 'union' : 'struct'
  return { kind, name: nameOf(die), size: numberOf(die, dw.DW_AT_byte_size) ?? 0, members }
}

function bitOffsetOf(member: Die): number {
  const bitOffset = numberOf(member, dw.DW_AT_data_bit_offset)
  if (bitOffset !== undefined) return bitOffset
  const location = locationOf(member) * 8
  const oldBitOffset = attribute(member, dw.DW_AT_bit_offset)
  if (typeof oldBitOffset !== 'number' && typeof oldBitOffset !== 'bigint') return location
  // DWARF 3, 5.5.6 (clang 14 with -gdwarf-4): counted from the most significant bit of a storage unit
  // of DW_AT_byte_size, and negative where a packed bitfield reaches past that.
  const fromTop = Number(BigInt.asIntN(64, BigInt(oldBitOffset)))
  if (!member.unit.sections.littleEndian) return location + fromTop
  const storage = (numberOf(member, dw.DW_AT_byte_size) ?? 0) * 8
  return location + storage - fromTop - (numberOf(member, dw.DW_AT_bit_size) ?? 0)
}

/** Returns a member's offset in bytes, which DWARF 2 wrote as an expression; 0 for a union's members, which have none. */
function locationOf(member: Die): number {
  const location = attribute(member, dw.DW_AT_data_member_location)
  if (!(location instanceof Uint8Array)) {
    return numberOf(member, dw.DW_AT_data_member_location) ?? 0
  }
  const cursor = new Cursor(location, 'DWARF', member.unit.sections.littleEndian)
  if (cursor.u8() !== dw.DW_OP_plus_uconst) {
    throw new FormatError('DWARF', member.offset, 'the place of a member is not a constant')
  }
  return cursor.uleb128()
}
