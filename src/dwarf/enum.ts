import type { Enum, Enum64 } from '../btf/types.ts'
import { FormatError } from '../elf/format-error.ts'
import * as dw from './constants.ts'
import { attribute, children, nameOf, numberOf, type Die } from './die.ts'
import { isSignedEncoding } from './encodings.ts'
import { referredType, underModifiers } from './referred-type.ts'

/** The bytes of an enum that is declared without constants, as in clang's BTF. */
const DECLARED_SIZE = 4

/** Translates an enum as clang's BTF has it: to Enum64 when a constant needs more than 32 bits, whatever the size. */
export function translateEnum(die: Die): Enum | Enum64 {
  const name = nameOf(die)
  const size = numberOf(die, dw.DW_AT_byte_size) ?? DECLARED_SIZE
  if (size > 16) throw new FormatError('DWARF', die.offset, `enum ${name} of ${size} bytes`)
  const raw: { name: string; value: bigint }[] = []
  for (const child of children(die)) {
    if (child.tag !== dw.DW_TAG_enumerator) continue
    const value = attribute(child, dw.DW_AT_const_value)
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw new FormatError('DWARF', child.offset, `a constant of enum ${name} has no value`)
    }
    raw.push({ name: nameOf(child), value: BigInt(value) })
  }
  const isSigned = hasSignedType(die) ?? raw.some(({ value }) => value < 0n)
  // DWARF 5, 7.5.5: a constant's form may leave open whether it is signed.
  const truncate = isSigned ? BigInt.asIntN : BigInt.asUintN
  const values = raw.map(({ name, value }) => ({ name, value: truncate(size * 8, value) }))
  const fits32 = values.every(({ value }) => truncate(32, value) === value)
  return fits32
    ? {
        kind: 'enum',
        name,
        size,
        signed: isSigned,
        values: values.map(({ name, value }) => ({ name, value: Number(value) })),
      }
    : { kind: 'enum64', name, size, signed: isSigned, values }
}

/** Returns whether the underlying type is signed; undefined when DWARF names none. */
function hasSignedType(die: Die): boolean | undefined {
  const type = referredType(die)
  return type && isSignedEncoding(attribute(underModifiers(type), dw.DW_AT_encoding))
}
