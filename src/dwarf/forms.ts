import type { Cursor } from '../elf/cursor.ts'
import * as dw from './constants.ts'

/** The fields of a unit's header that the size of some forms depends on. */
export interface Encoding {
  readonly version: number
  /** Bytes of an offset into another section: 4, or 8 in 64-bit DWARF. */
  readonly offsetSize: 4 | 8
  /** Bytes of an address. */
  readonly addressSize: number
}

/** Returns the bytes of a form; undefined when its length is in the data. */
export function fixedSize(form: number, encoding: Encoding): number | undefined {
  switch (form) {
    case dw.DW_FORM_implicit_const:
    case dw.DW_FORM_flag_present:
      return 0
    case dw.DW_FORM_data1:
    case dw.DW_FORM_flag:
    case dw.DW_FORM_ref1:
    case dw.DW_FORM_strx1:
    case dw.DW_FORM_addrx1:
      return 1
    case dw.DW_FORM_data2:
    case dw.DW_FORM_ref2:
    case dw.DW_FORM_strx2:
    case dw.DW_FORM_addrx2:
      return 2
    case dw.DW_FORM_strx3:
    case dw.DW_FORM_addrx3:
      return 3
    case dw.DW_FORM_data4:
    case dw.DW_FORM_ref4:
    case dw.DW_FORM_strx4:
    case dw.DW_FORM_addrx4:
    case dw.DW_FORM_ref_sup4:
      return 4
    case dw.DW_FORM_data8:
    case dw.DW_FORM_ref8:
    case dw.DW_FORM_ref_sig8:
    case dw.DW_FORM_ref_sup8:
      return 8
    case dw.DW_FORM_data16:
      return 16
    case dw.DW_FORM_addr:
      return encoding.addressSize
    case dw.DW_FORM_strp:
    case dw.DW_FORM_strp_sup:
    case dw.DW_FORM_line_strp:
    case dw.DW_FORM_sec_offset:
      return encoding.offsetSize
    case dw.DW_FORM_ref_addr:
      // DW_FORM_ref_addr is an address in DWARF 2, an offset since.
      return encoding.version < 3 ? encoding.addressSize : encoding.offsetSize
    default:
      return undefined
  }
}

/** Skips a value. Throws FormatError for an unknown form. */
export function skipForm(cursor: Cursor, form: number, encoding: Encoding): void {
  const size = fixedSize(form, encoding)
  if (size !== undefined) {
    cursor.skip(size)
    return
  }
  switch (form) {
    case dw.DW_FORM_block1:
      cursor.skip(cursor.u8())
      break
    case dw.DW_FORM_block2:
      cursor.skip(cursor.u16())
      break
    case dw.DW_FORM_block4:
      cursor.skip(cursor.u32())
      break
    case dw.DW_FORM_block:
    case dw.DW_FORM_exprloc:
      cursor.skip(cursor.uleb128())
      break
    case dw.DW_FORM_string:
      while (cursor.u8() !== 0);
      break
    case dw.DW_FORM_sdata:
    case dw.DW_FORM_udata:
    case dw.DW_FORM_ref_udata:
    case dw.DW_FORM_strx:
    case dw.DW_FORM_addrx:
    case dw.DW_FORM_loclistx:
    case dw.DW_FORM_rnglistx:
      while (cursor.u8() >= 0x80);
      break
    case dw.DW_FORM_indirect:
      skipForm(cursor, indirectForm(cursor), encoding)
      break
    default:
      cursor.fail(`unknown form 0x${form.toString(16)}`)
  }
}

/** Reads the form that stands before the value. It may be neither indirect again nor an implicit constant. */
export function indirectForm(cursor: Cursor): number {
  const form = cursor.uleb128()
  if (form === dw.DW_FORM_indirect || form === dw.DW_FORM_implicit_const) {
    cursor.fail(`form 0x${form.toString(16)} inside DW_FORM_indirect`)
  }
  return form
}

/** Reads an offset of 4 or 8 bytes. */
export function readOffset(cursor: Cursor, size: 4 | 8): number {
  return size === 4 ? cursor.u32() : cursor.word()
}

/** Reads a unit's length, which also tells 32-bit from 64-bit DWARF (DWARF 5, 7.4). */
export function readUnitLength(cursor: Cursor): { end: number; offsetSize: 4 | 8 } {
  const start = cursor.offset
  const short = cursor.u32()
  if (short >= 0xffff_fff0 && short < 0xffff_ffff) cursor.fail('reserved unit length', start)
  const offsetSize = short === 0xffff_ffff ? 8 : 4
  const length = offsetSize === 8 ? cursor.word() : short
  if (length > cursor.remaining) {
    cursor.fail(`a unit of ${length} bytes, ${cursor.remaining} are left`, start)
  }
  return { end: cursor.offset + length, offsetSize }
}
