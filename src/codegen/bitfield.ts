import { typeAt, type Btf } from '../btf/btf.ts'
import { resolveTypedefs } from '../btf/traversal.ts'
import type { Member as BtfMember } from '../btf/types.ts'
import { bits } from '../codec/bits.ts'
import type { Member } from '../codec/layout.ts'

/** The bits of a bitfield in its struct. */
export interface BitRange {
  /** Bits from the start of the struct. */
  readonly offset: number
  /** Width in bits. */
  readonly size: number
}

/** Returns the bits of a bitfield, and undefined for other members. BTF without `kind_flag` marks one by an int of fewer bits. */
export function bitfieldOf(
  btf: Btf,
  { type, bitOffset, bitSize }: BtfMember,
): BitRange | undefined {
  if (bitSize > 0) return { offset: bitOffset, size: bitSize }
  const int = typeAt(btf, resolveTypedefs(btf, type))
  if (int.kind !== 'int' || int.bits === 0 || int.bits === int.size * 8) return undefined
  return { offset: bitOffset + int.bitOffset, size: int.bits }
}

/** Returns the storage unit of a bitfield: the aligned one of its declared type, or its first byte where it straddles two. */
export function storageUnit(
  range: BitRange,
  unit: number,
  structSize: number,
): Required<Pick<Member, 'offset' | 'bits'>> {
  const aligned = Math.floor(range.offset / (unit * 8)) * unit
  const holds = range.offset - aligned * 8 + range.size <= unit * 8 && aligned + unit <= structSize
  const offset = holds ? aligned : Math.floor(range.offset / 8)
  return { offset, bits: bits(range.offset - offset * 8, range.size) }
}
