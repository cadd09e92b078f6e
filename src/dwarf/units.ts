import { Cursor } from '../elf/cursor.ts'
import {
  abbreviationTables,
  type AbbreviationTable,
  type AbbreviationTables,
} from './abbreviations.ts'
import {
  DW_AT_str_offsets_base,
  DW_UT_skeleton,
  DW_UT_split_compile,
  DW_UT_split_type,
  DW_UT_type,
} from './constants.ts'
import { attribute, dieAt, type Die } from './die.ts'
import { readOffset, readUnitLength, type Encoding } from './forms.ts'
import type { DebugSections } from './sections.ts'

/** A compilation unit of .debug_info: one source file with all the files that it includes. */
export interface Unit extends Encoding {
  readonly sections: DebugSections
  /** All units of the object, this one included: references may lead from one to another. */
  readonly units: readonly Unit[]
  readonly abbreviations: AbbreviationTable
  /** Bytes from the start of .debug_info to the unit's header. */
  readonly offset: number
  readonly end: number
  /** Bytes from the start of .debug_info to the unit's root entry. */
  readonly root: number
  /** Bytes from the start of .debug_str_offsets to the unit's entry 0. */
  readonly strOffsetsBase: number
  /** A cursor over this unit's part of .debug_info, for reading one entry at a time. */
  readonly cursor: Cursor
}

/** Reads all units of the object, in file order. Throws FormatError. */
export function readUnits(sections: DebugSections): Unit[] {
  const tables = abbreviationTables(sections)
  const cursor = new Cursor(sections.info, 'DWARF', sections.littleEndian)
  const units: Unit[] = []
  while (!cursor.done) {
    const unit = readUnit(sections, units, cursor, tables)
    units.push(unit)
    cursor.seek(unit.end)
  }
  return units
}

function readUnit(
  sections: DebugSections,
  units: readonly Unit[],
  cursor: Cursor,
  tables: AbbreviationTables,
): Unit {
  const offset = cursor.offset
  const { end, offsetSize } = readUnitLength(cursor)
  const version = cursor.u16()
  if (version < 2 || version > 5) cursor.fail(`DWARF version ${version}; 2 to 5 are read`, offset)
  const unitType = version >= 5 ? cursor.u8() : 0
  const versionFiveAddressSize = version >= 5 ? cursor.u8() : 0
  const abbreviationsOffset = readOffset(cursor, offsetSize)
  const addressSize = version >= 5 ? versionFiveAddressSize : cursor.u8()
  skipUnitTypeFields(cursor, unitType, offsetSize)
  const root = cursor.offset
  const encoding = { version, offsetSize, addressSize }
  const abbreviations = tables(abbreviationsOffset, encoding)
  const unit = {
    ...encoding,
    sections,
    units,
    abbreviations,
    offset,
    end,
    root,
    strOffsetsBase: 0,
    cursor: new Cursor(sections.info, 'DWARF', sections.littleEndian, root, end),
  }
  const rootDie = dieAt(unit, root)
  if (!rootDie) return unit
  const base = attribute(rootDie, DW_AT_str_offsets_base)
  return typeof base === 'number' ? { ...unit, strOffsetsBase: base } : unit
}

function skipUnitTypeFields(cursor: Cursor, unitType: number, offsetSize: number): void {
  if (unitType === DW_UT_skeleton || unitType === DW_UT_split_compile) cursor.skip(8)
  if (unitType === DW_UT_type || unitType === DW_UT_split_type) cursor.skip(8 + offsetSize)
}

/** Reads the unit's root entry; undefined when the unit is empty. */
export function rootDie(unit: Unit): Die | undefined {
  return dieAt(unit, unit.root)
}

/** Returns the unit that an offset of .debug_info, found in unit `from`, lies in; undefined when it is in none. */
export function unitAt(offset: number, from: Unit): Unit | undefined {
  const holds = (unit: Unit): boolean => offset >= unit.root && offset < unit.end
  return holds(from) ? from : from.units.find(holds)
}
