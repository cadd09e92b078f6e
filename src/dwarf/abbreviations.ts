import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import { DW_FORM_implicit_const } from './constants.ts'
import { fixedSize, type Encoding } from './forms.ts'
import type { DebugSections } from './sections.ts'

/** The tag and attributes that entries share, as .debug_abbrev describes them. */
export interface Abbreviation {
  readonly tag: number
  readonly hasChildren: boolean
  readonly attributes: readonly AttributeSpec[]
  /** Bytes of all attributes; undefined when they vary from entry to entry. */
  readonly size: number | undefined
}

export interface AttributeSpec {
  /** DW_AT_ */
  readonly name: number
  /** DW_FORM_ */
  readonly form: number
  /** The value of a DW_FORM_implicit_const. */
  readonly constant: number | bigint
  /** Bytes from the entry's first attribute; undefined when they vary. */
  readonly offset: number | undefined
  /** Bytes; undefined when they vary. */
  readonly size: number | undefined
}

/** Abbreviations by code. Producers count from 1. */
export type AbbreviationTable = readonly (Abbreviation | undefined)[]

/** Reads the table at an offset of .debug_abbrev. Throws FormatError. */
export type AbbreviationTables = (offset: number, encoding: Encoding) => AbbreviationTable

/** Returns a reader that reads each table once. Tables do not overlap, so that takes no longer than reading the section. */
export function abbreviationTables({ abbrev, littleEndian }: DebugSections): AbbreviationTables {
  const tables = new Map<string, AbbreviationTable>()
  let bytesRead = 0
  return (offset, encoding) => {
    const key = [offset, encoding.version, encoding.offsetSize, encoding.addressSize].join()
    const known = tables.get(key)
    if (known) return known
    const cursor = new Cursor(abbrev, 'DWARF', littleEndian)
    cursor.seek(offset)
    const table = readTable(cursor, encoding)
    bytesRead += cursor.offset - offset
    if (bytesRead > abbrev.length) {
      throw new FormatError('DWARF', offset, 'tables of .debug_abbrev overlap')
    }
    tables.set(key, table)
    return table
  }
}

function readTable(cursor: Cursor, encoding: Encoding): AbbreviationTable {
  const table: Abbreviation[] = []
  for (let code = cursor.uleb128(); code !== 0; code = cursor.uleb128()) {
    const tag = cursor.uleb128()
    const hasChildren = cursor.u8() !== 0
    const attributes: AttributeSpec[] = []
    let size: number | undefined = 0
    for (;;) {
      const name = cursor.uleb128()
      const form = cursor.uleb128()
      const constant = form === DW_FORM_implicit_const ? safeNumber(cursor.sleb128n()) : 0
      if (name === 0 && form === 0) break
      const attributeSize = fixedSize(form, encoding)
      attributes.push({ name, form, constant, offset: size, size: attributeSize })
      size = size === undefined || attributeSize === undefined ? undefined : size + attributeSize
    }
    table[code] = { tag, hasChildren, attributes, size }
  }
  return table
}

function safeNumber(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value
}
