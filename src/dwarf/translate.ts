import type { BtfType, Fwd, TypeId } from '../btf/types.ts'
import { FormatError } from '../elf/format-error.ts'
import { addDeclTags, taggedPointee } from './annotations.ts'
import { arrayOf, translateArray } from './array.ts'
import * as dw from './constants.ts'
import { attribute, children, hasAttribute, nameOf, numberOf, type Die } from './die.ts'
import { isSignedEncoding } from './encodings.ts'
import { translateEnum } from './enum.ts'
import { translateRecord } from './record.ts'
import type { References } from './references.ts'

/** Translates one entry to a type of BTF; `id` will be its id. Throws FormatError. */
export function translate(die: Die, id: TypeId, references: References): BtfType {
  switch (die.tag) {
    case dw.DW_TAG_base_type:
      return translateBase(die, references)
    case dw.DW_TAG_pointer_type:
    case dw.DW_TAG_reference_type:
    case dw.DW_TAG_rvalue_reference_type:
      return { kind: 'pointer', name: '', target: taggedPointee(die, references) }
    case dw.DW_TAG_array_type:
      return translateArray(die, references)
    case dw.DW_TAG_structure_type:
    case dw.DW_TAG_class_type:
    case dw.DW_TAG_union_type:
      return hasAttribute(die, dw.DW_AT_declaration)
        ? forwardDeclaration(die)
        : translateRecord(die, id, references)
    case dw.DW_TAG_enumeration_type:
      return translateEnum(die)
    case dw.DW_TAG_typedef:
      addDeclTags(die, id, -1, references)
      return { kind: 'typedef', name: nameOf(die), target: references.target(die) }
    case dw.DW_TAG_const_type:
      return { kind: 'const', name: '', target: references.target(die) }
    case dw.DW_TAG_volatile_type:
      return { kind: 'volatile', name: '', target: references.target(die) }
    case dw.DW_TAG_restrict_type:
      return { kind: 'restrict', name: '', target: references.target(die) }
    case dw.DW_TAG_subroutine_type:
      return translateFunction(die, references)
    default: {
      const reason = `an entry of tag 0x${die.tag.toString(16)} stands where a type should`
      throw new FormatError('DWARF', die.offset, reason)
    }
  }
}

export function forwardDeclaration(die: Die): Fwd {
  const fwdKind = die.tag === dw.DW_TAG_union_type ? 'union' : 'struct'
  return { kind: 'fwd', name: nameOf(die), fwdKind }
}

function translateBase(die: Die, references: References): BtfType {
  const name = nameOf(die)
  const size = numberOf(die, dw.DW_AT_byte_size) ?? 0
  const encoding = attribute(die, dw.DW_AT_encoding)
  if (encoding === dw.DW_ATE_float) return { kind: 'float', name, size }
  if (encoding === dw.DW_ATE_complex_float) {
    // BTF has no complex numbers; C11 6.2.5 lays one out as an array of its two parts.
    const part = references.add({ kind: 'float', name: '', size: size / 2 })
    return arrayOf(part, 2, references)
  }
  return {
    kind: 'int',
    name,
    size,
    signed: isSignedEncoding(encoding),
    // clang's BTF never sets BTF_INT_CHAR: the name `char` is what tells text.
    char: false,
    bool: encoding === dw.DW_ATE_boolean,
    bitOffset: 0,
    bits: numberOf(die, dw.DW_AT_bit_size) ?? size * 8,
  }
}

function translateFunction(die: Die, references: References): BtfType {
  const params: { name: string; type: TypeId }[] = []
  for (const child of children(die)) {
    if (child.tag === dw.DW_TAG_formal_parameter) {
      params.push({ name: nameOf(child), type: references.pointee(child) })
    } else if (child.tag === dw.DW_TAG_unspecified_parameters) {
      params.push({ name: '', type: 0 })
    }
  }
  return { kind: 'func_proto', name: '', returns: references.pointee(die), params }
}
