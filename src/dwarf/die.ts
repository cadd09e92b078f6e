import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import type { Abbreviation, AttributeSpec } from './abbreviations.ts'
import * as dw from './constants.ts'
import { indirectForm, readOffset, skipForm } from './forms.ts'
import { stringAt } from './strings.ts'
import type { Unit } from './units.ts'

/** A debugging information entry, whose attributes are not decoded yet. */
export interface Die {
  readonly unit: Unit
  /** Bytes from the start of .debug_info, which identify the entry. */
  readonly offset: number
  /** DW_TAG_ */
  readonly tag: number
  readonly abbreviation: Abbreviation
  /** Bytes from the start of .debug_info. */
  readonly attributesOffset: number
}

/**
 * The value of an attribute. References are offsets in .debug_info, flags are 0 or 1, blocks and expressions are bytes.
 * Constants of a fixed size are read as unsigned, because DWARF does not tell.
 */
export type AttributeValue = number | bigint | string | Uint8Array

/** Reads the entry at an offset of .debug_info; undefined for the null entry that ends a list of children. */
export function dieAt(unit: Unit, offset: number): Die | undefined {
  unit.cursor.seek(offset)
  return readDie(unit, unit.cursor)
}

function readDie(unit: Unit, cursor: Cursor): Die | undefined {
  const offset = cursor.offset
  const abbreviation = readAbbreviation(unit, cursor)
  const attributesOffset = cursor.offset
  return abbreviation && { unit, offset, tag: abbreviation.tag, abbreviation, attributesOffset }
}

function readAbbreviation(unit: Unit, cursor: Cursor): Abbreviation | undefined {
  const start = cursor.offset
  const code = cursor.uleb128()
  if (code === 0) return undefined
  return unit.abbreviations[code] ?? cursor.fail(`no abbreviation ${code}`, start)
}

/**
 * Calls `visit` for every entry of the unit whose tag is wanted, in file order. `depth` is 1 directly below the unit's root.
 * Throws FormatError.
 */
export function walk(
  unit: Unit,
  wanted: ReadonlySet<number>,
  visit: (die: Die, depth: number) => void,
): void {
  const { info, littleEndian } = unit.sections
  // `visit` may move the unit's cursor, so this one is separate.
  const cursor = new Cursor(info, 'DWARF', littleEndian, unit.root, unit.end)
  const root = readDie(unit, cursor)
  if (root) descend(root, cursor, { tags: wanted, maxDepth: Infinity }, visit)
}

/** Reads the entries directly below. Throws FormatError. */
export function children(die: Die): Die[] {
  const found: Die[] = []
  die.unit.cursor.seek(die.attributesOffset)
  descend(die, die.unit.cursor, { maxDepth: 1 }, (child) => found.push(child))
  return found
}

/**
 * Walks the entries below `die`, at whose attributes `cursor` stands. A vmlinux.h brings 100,000 entries to skip, before V8
 * has compiled this function: entries with a code of one byte and a fixed size, nearly all of clang's, take no call.
 */
function descend(
  { unit, abbreviation }: Die,
  cursor: Cursor,
  { tags, maxDepth }: { readonly tags?: ReadonlySet<number>; readonly maxDepth: number },
  visit: (die: Die, depth: number) => void,
): void {
  skipAttributes(unit, abbreviation, cursor)
  const { bytes, end } = cursor
  let depth = abbreviation.hasChildren ? 1 : 0
  // A unit may end without the null entries of its last lists.
  for (let offset = cursor.offset; depth > 0 && offset < end;) {
    const code = bytes[offset] ?? 0
    let abbreviation = code < 0x80 ? unit.abbreviations[code] : undefined
    let attributesOffset = offset + 1
    if (!abbreviation) {
      cursor.seek(offset)
      abbreviation = readAbbreviation(unit, cursor)
      attributesOffset = cursor.offset
    }
    if (!abbreviation) {
      depth--
      offset = attributesOffset
      continue
    }
    const { tag, size, hasChildren } = abbreviation
    if (depth <= maxDepth && (!tags || tags.has(tag))) {
      visit({ unit, offset, tag, abbreviation, attributesOffset }, depth)
    }
    if (size === undefined || attributesOffset + size > end) {
      cursor.seek(attributesOffset)
      skipAttributes(unit, abbreviation, cursor)
      offset = cursor.offset
    } else {
      offset = attributesOffset + size
    }
    if (hasChildren) depth++
  }
}

function skipAttributes(unit: Unit, { size, attributes }: Abbreviation, cursor: Cursor): void {
  if (size !== undefined) {
    cursor.skip(size)
    return
  }
  for (const { size, form } of attributes) {
    if (size === undefined) skipForm(cursor, form, unit)
    else cursor.skip(size)
  }
}

/** Reads one attribute; undefined when the entry has none. Throws FormatError. */
export function attribute(die: Die, name: number): AttributeValue | undefined {
  const { attributes } = die.abbreviation
  const wanted = attributes.find((spec) => spec.name === name)
  if (!wanted) return undefined
  const { cursor } = die.unit
  cursor.seek(die.attributesOffset + (wanted.offset ?? 0))
  if (wanted.offset !== undefined) return readForm(cursor, die.unit, wanted)
  for (const spec of attributes) {
    if (spec === wanted) return readForm(cursor, die.unit, spec)
    skipForm(cursor, spec.form, die.unit)
  }
  return undefined
}

export function hasAttribute(die: Die, name: number): boolean {
  return die.abbreviation.attributes.some((spec) => spec.name === name)
}

/** Reads the name; empty for an anonymous entry. */
export function nameOf(die: Die): string {
  const name = attribute(die, dw.DW_AT_name)
  return typeof name === 'string' ? name : ''
}

/** Reads a constant; undefined when there is none or it is an expression (a C99 variable length). */
export function numberOf(die: Die, name: number): number | undefined {
  const value = attribute(die, name)
  if (typeof value === 'number') return value
  if (typeof value !== 'bigint') return undefined
  const reason = `attribute 0x${name.toString(16)} is ${value}: too large`
  throw new FormatError('DWARF', die.offset, reason)
}

type Form = Pick<AttributeSpec, 'form' | 'constant'>

function readForm(cursor: Cursor, unit: Unit, { form, constant }: Form): AttributeValue {
  switch (form) {
    case dw.DW_FORM_implicit_const:
      return constant
    case dw.DW_FORM_flag_present:
      return 1
    case dw.DW_FORM_data1:
    case dw.DW_FORM_flag:
    case dw.DW_FORM_addrx1:
      return cursor.u8()
    case dw.DW_FORM_data2:
    case dw.DW_FORM_addrx2:
      return cursor.u16()
    case dw.DW_FORM_addrx3:
      return readU24(cursor)
    case dw.DW_FORM_data4:
    case dw.DW_FORM_addrx4:
    case dw.DW_FORM_ref_sup4:
      return cursor.u32()
    case dw.DW_FORM_data8:
    case dw.DW_FORM_ref_sig8:
    case dw.DW_FORM_ref_sup8:
      return safeNumber(cursor.u64())
    case dw.DW_FORM_data16:
      return readU128(cursor)
    case dw.DW_FORM_sdata:
      return safeNumber(cursor.sleb128n())
    case dw.DW_FORM_udata:
      return safeNumber(cursor.uleb128n())
    case dw.DW_FORM_addrx:
    case dw.DW_FORM_loclistx:
    case dw.DW_FORM_rnglistx:
      return cursor.uleb128()
    case dw.DW_FORM_addr:
      return unit.addressSize === 4 ? cursor.u32() : safeNumber(cursor.u64())
    case dw.DW_FORM_sec_offset:
    case dw.DW_FORM_strp_sup:
      return readOffset(cursor, unit.offsetSize)
    case dw.DW_FORM_ref1:
      return unit.offset + cursor.u8()
    case dw.DW_FORM_ref2:
      return unit.offset + cursor.u16()
    case dw.DW_FORM_ref4:
      return unit.offset + cursor.u32()
    case dw.DW_FORM_ref8:
      return unit.offset + cursor.word()
    case dw.DW_FORM_ref_udata:
      return unit.offset + cursor.uleb128()
    case dw.DW_FORM_ref_addr:
      return readOffset(cursor, unit.version < 3 && unit.addressSize === 8 ? 8 : unit.offsetSize)
    case dw.DW_FORM_block1:
      return cursor.take(cursor.u8())
    case dw.DW_FORM_block2:
      return cursor.take(cursor.u16())
    case dw.DW_FORM_block4:
      return cursor.take(cursor.u32())
    case dw.DW_FORM_block:
    case dw.DW_FORM_exprloc:
      return cursor.take(cursor.uleb128())
    case dw.DW_FORM_indirect:
      return readForm(cursor, unit, { form: indirectForm(cursor), constant: 0 })
    default:
      return readString(cursor, unit, form)
  }
}

function readString(cursor: Cursor, unit: Unit, form: number): string {
  const { str, lineStr } = unit.sections
  switch (form) {
    case dw.DW_FORM_string: {
      const start = cursor.offset
      skipForm(cursor, form, unit)
      return stringAt(cursor.bytes, start)
    }
    case dw.DW_FORM_strp:
      return stringAt(str, readOffset(cursor, unit.offsetSize))
    case dw.DW_FORM_line_strp:
      return stringAt(lineStr, readOffset(cursor, unit.offsetSize))
    case dw.DW_FORM_strx:
      return indexedString(unit, cursor.uleb128())
    case dw.DW_FORM_strx1:
      return indexedString(unit, cursor.u8())
    case dw.DW_FORM_strx2:
      return indexedString(unit, cursor.u16())
    case dw.DW_FORM_strx3:
      return indexedString(unit, readU24(cursor))
    case dw.DW_FORM_strx4:
      return indexedString(unit, cursor.u32())
    default:
      return cursor.fail(`unknown form 0x${form.toString(16)}`)
  }
}

/** Reads a string, given its index in the unit's part of .debug_str_offsets. */
export function indexedString(unit: Unit, index: number): string {
  const { strOffsets, str, littleEndian } = unit.sections
  const cursor = new Cursor(strOffsets, 'DWARF', littleEndian)
  cursor.seek(unit.strOffsetsBase + index * unit.offsetSize)
  return stringAt(str, readOffset(cursor, unit.offsetSize))
}

function readU24(cursor: Cursor): number {
  const [a = 0, b = 0, c = 0] = cursor.take(3)
  return cursor.littleEndian ? a | (b << 8) | (c << 16) : (a << 16) | (b << 8) | c
}

function readU128(cursor: Cursor): number | bigint {
  const first = cursor.u64()
  const second = cursor.u64()
  return safeNumber(cursor.littleEndian ? (second << 64n) | first : (first << 64n) | second)
}

function safeNumber(value: bigint): number | bigint {
  const small = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
  return small ? Number(value) : value
}
