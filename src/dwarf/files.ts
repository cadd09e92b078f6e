import { resolve } from 'node:path'

import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import * as dw from './constants.ts'
import { attribute } from './die.ts'
import { readOffset, readUnitLength, skipForm, type Encoding } from './forms.ts'
import type { DebugSections } from './sections.ts'
import { stringAt } from './strings.ts'
import { rootDie, type Unit } from './units.ts'

/** Returns the absolute path of a file, given the number that a unit's DW_AT_decl_file and macros use. */
export type FileOf = (unit: Unit, index: number) => string | undefined

/**
 * Returns a reader of the headers of line number programs, which list the files. A relative DW_AT_comp_dir is relative to
 * `directory`. Throws FormatError.
 */
export function filesOf(directory: string): FileOf {
  const headers = lineHeaders()
  const known = new Map<Unit, { base: string; header: LineHeader; paths: (string | undefined)[] }>()
  return (unit, index) => {
    let files = known.get(unit)
    if (!files) {
      const root = rootDie(unit)
      const compDir = root && attribute(root, dw.DW_AT_comp_dir)
      const base = resolve(directory, typeof compDir === 'string' ? compDir : '')
      const offset = root && attribute(root, dw.DW_AT_stmt_list)
      const header = typeof offset === 'number' ? headers(unit, offset) : noFiles
      files = { base, header, paths: [] }
      known.set(unit, files)
    }
    return (files.paths[index] ??= pathOf(unit, index, files.base, files.header))
  }
}

function pathOf(unit: Unit, index: number, base: string, header: LineHeader): string | undefined {
  // Before DWARF 5 the table starts at 1, and 0 is no file.
  const file = header.files[unit.version < 5 ? index - 1 : index]
  return file && resolve(base, header.directories[file.directory] ?? '', file.name)
}

interface FileEntry {
  readonly name: string
  readonly directory: number
}

interface LineHeader {
  readonly directories: readonly string[]
  readonly files: readonly FileEntry[]
}

const noFiles: LineHeader = { directories: [], files: [] }

/** Returns a reader that reads each header once. Headers do not overlap, so that takes no longer than reading the section. */
function lineHeaders(): (unit: Unit, offset: number) => LineHeader {
  const headers = new Map<number, LineHeader>()
  let bytesRead = 0
  return (unit, offset) => {
    const known = headers.get(offset)
    if (known) return known
    const { header, end } = readLineHeader(unit, offset)
    bytesRead += end - offset
    if (bytesRead > unit.sections.line.length) {
      throw new FormatError('DWARF', offset, 'line number programs overlap')
    }
    headers.set(offset, header)
    return header
  }
}

function readLineHeader(unit: Unit, offset: number): { header: LineHeader; end: number } {
  const cursor = new Cursor(unit.sections.line, 'DWARF', unit.sections.littleEndian)
  cursor.seek(offset)
  const { end, offsetSize } = readUnitLength(cursor)
  const version = cursor.u16()
  if (version < 2 || version > 5) cursor.fail(`line table version ${version}; 2 to 5 are read`)
  // A line table of DWARF 5 has an address size.
  const addressSize = version >= 5 ? cursor.u8() : unit.addressSize
  if (version >= 5) cursor.skip(1)
  const headerLength = readOffset(cursor, offsetSize)
  if (headerLength > end - cursor.offset) cursor.fail('the header reaches past its line table')
  const { bytes, offset: start, littleEndian } = cursor
  const table = new Cursor(bytes, 'DWARF', littleEndian, start, start + headerLength)
  skipInstructionFormat(table, version)
  const encoding = { version, offsetSize, addressSize }
  const header =
    version >= 5 ? readEntryTables(table, unit.sections, encoding) : readOldTables(table)
  return { header, end: start + headerLength }
}

/** Skips the fields minimum_instruction_length to standard_opcode_lengths. */
function skipInstructionFormat(header: Cursor, version: number): void {
  header.skip(version >= 4 ? 5 : 4)
  const opcodeBase = header.u8()
  header.skip(Math.max(0, opcodeBase - 1))
}

/** Reads the two lists of strings of DWARF 2 to 4 (6.2.4). Directory 0, the compilation's, is not listed. */
function readOldTables(header: Cursor): LineHeader {
  const directories = ['']
  for (let name = header.string(); name !== ''; name = header.string()) directories.push(name)
  const files: FileEntry[] = []
  for (let name = header.string(); name !== ''; name = header.string()) {
    files.push({ name, directory: header.uleb128() })
    header.uleb128()
    header.uleb128()
  }
  return { directories, files }
}

/** Reads the tables of DWARF 5 (6.2.4.1), which describe their columns. */
function readEntryTables(header: Cursor, sections: DebugSections, encoding: Encoding): LineHeader {
  const directories = readEntries(header, sections, encoding)
  const files = readEntries(header, sections, encoding)
  return { directories: directories.map(({ name }) => name), files }
}

function readEntries(header: Cursor, sections: DebugSections, encoding: Encoding): FileEntry[] {
  const columns: { content: number; form: number }[] = []
  const columnCount = header.u8()
  for (let column = 0; column < columnCount; column++) {
    columns.push({ content: header.uleb128(), form: header.uleb128() })
  }
  const count = header.uleb128()
  const entries: FileEntry[] = []
  while (entries.length < count) {
    const start = header.offset
    let name = ''
    let directory = 0
    for (const { content, form } of columns) {
      if (content === dw.DW_LNCT_path) name = readPath(header, sections, encoding, form)
      else if (content === dw.DW_LNCT_directory_index) directory = readIndex(header, form)
      else skipForm(header, form, encoding)
    }
    // Otherwise 2^60 entries of no bytes would be read for ever.
    if (header.offset === start) header.fail('entries of a line table take no bytes')
    entries.push({ name, directory })
  }
  return entries
}

function readPath(
  header: Cursor,
  { str, lineStr }: DebugSections,
  { offsetSize }: Encoding,
  form: number,
): string {
  switch (form) {
    case dw.DW_FORM_string:
      return header.string()
    case dw.DW_FORM_line_strp:
      return stringAt(lineStr, readOffset(header, offsetSize))
    case dw.DW_FORM_strp:
      return stringAt(str, readOffset(header, offsetSize))
    default:
      return header.fail(`a path of form 0x${form.toString(16)}`)
  }
}

function readIndex(header: Cursor, form: number): number {
  switch (form) {
    case dw.DW_FORM_data1:
      return header.u8()
    case dw.DW_FORM_data2:
      return header.u16()
    case dw.DW_FORM_udata:
      return header.uleb128()
    default:
      return header.fail(`a directory index of form 0x${form.toString(16)}`)
  }
}
