import { Cursor } from '../elf/cursor.ts'
import { FormatError } from '../elf/format-error.ts'
import * as dw from './constants.ts'
import { attribute, indexedString } from './die.ts'
import type { FileOf } from './files.ts'
import { readOffset } from './forms.ts'
import { stringAt } from './strings.ts'
import { rootDie, type Unit } from './units.ts'

/** A `#define` that is in force at the end of the file. */
export interface MacroDefinition {
  readonly name: string
  /** Absent for an object-like macro. */
  readonly parameters: readonly string[] | undefined
  readonly body: string
  /** Undefined for macros of the compiler and of the command line. */
  readonly file: string | undefined
  readonly line: number
}

/**
 * Reads the macros of a unit, by name, from .debug_macro (clang -fdebug-macro) or, before DWARF 5, .debug_macinfo. Throws
 * FormatError.
 */
export function readMacros(unit: Unit, fileOf: FileOf): Map<string, MacroDefinition> {
  const root = rootDie(unit)
  const offset = root && attribute(root, dw.DW_AT_macros)
  if (typeof offset === 'number') return readMacroSection(unit, offset, fileOf)
  const oldOffset = root && attribute(root, dw.DW_AT_macro_info)
  return typeof oldOffset === 'number' ? readMacinfo(unit, oldOffset, fileOf) : new Map()
}

/** Name, parameters and body. A space ends the name or follows the parameters (DWARF 5, 6.3.1.1). */
const DEFINITION = /^([^\s(]*)(?:\(([^)]*)\))?\s*([^]*)$/

/** The macros in force and the files entered, while a list is read. */
interface State {
  readonly unit: Unit
  readonly fileOf: FileOf
  readonly macros: Map<string, MacroDefinition>
  /** Names that a file has undefined. */
  readonly ended: Set<string>
  readonly files: (string | undefined)[]
}

function define({ macros, ended, files }: State, line: number, text: string): void {
  const [, name = '', parameters, body = ''] = DEFINITION.exec(text) ?? []
  const file = files.at(-1)
  // clang lists its own and the command line's last, though they came first.
  if (file === undefined && (macros.has(name) || ended.has(name))) return
  macros.set(name, {
    name,
    parameters: parameters?.split(',').map((parameter) => parameter.trim()),
    body,
    file,
    line,
  })
}

function end({ macros, ended }: State, name: string): void {
  macros.delete(name)
  ended.add(name)
}

/** Reads .debug_macro (DWARF 5, 6.3), or the GNU extension of DWARF 4 that has the same first opcodes. */
function readMacroSection(unit: Unit, offset: number, fileOf: FileOf): State['macros'] {
  const state: State = { unit, fileOf, macros: new Map(), ended: new Set(), files: [] }
  readMacroList(state, offset, new Set())
  return state.macros
}

/** Reads a list. `entered` are the lists met so far: each is read once, at its first import. */
function readMacroList(state: State, start: number, entered: Set<number>): void {
  if (entered.size > MAX_LISTS) throw new FormatError('DWARF', start, 'too many macro lists')
  entered.add(start)
  const { unit, files } = state
  const { macro, str, littleEndian } = unit.sections
  const cursor = new Cursor(macro, 'DWARF', littleEndian)
  cursor.seek(start)
  const { offsetSize } = readMacroHeader(cursor)
  for (let opcode = cursor.u8(); opcode !== 0; opcode = cursor.u8()) {
    switch (opcode) {
      case dw.DW_MACRO_define:
        define(state, cursor.uleb128(), cursor.string())
        break
      case dw.DW_MACRO_define_strp:
        define(state, cursor.uleb128(), stringAt(str, readOffset(cursor, offsetSize)))
        break
      case dw.DW_MACRO_define_strx:
        define(state, cursor.uleb128(), indexedString(unit, cursor.uleb128()))
        break
      case dw.DW_MACRO_undef:
        cursor.uleb128()
        end(state, cursor.string())
        break
      case dw.DW_MACRO_undef_strp:
        cursor.uleb128()
        end(state, stringAt(str, readOffset(cursor, offsetSize)))
        break
      case dw.DW_MACRO_undef_strx:
        cursor.uleb128()
        end(state, indexedString(unit, cursor.uleb128()))
        break
      case dw.DW_MACRO_start_file:
        cursor.uleb128()
        files.push(state.fileOf(unit, cursor.uleb128()))
        break
      case dw.DW_MACRO_end_file:
        files.pop()
        break
      case dw.DW_MACRO_import: {
        const list = readOffset(cursor, offsetSize)
        if (!entered.has(list)) readMacroList(state, list, entered)
        break
      }
      default:
        cursor.fail(`unknown macro opcode 0x${opcode.toString(16)}`)
    }
  }
}

/** The most lists. gcc writes one for each header, clang a single one. */
const MAX_LISTS = 1024

const OFFSET_SIZE_FLAG = 1
const DEBUG_LINE_OFFSET_FLAG = 2
const OPERANDS_TABLE_FLAG = 4

function readMacroHeader(cursor: Cursor): { offsetSize: 4 | 8 } {
  const version = cursor.u16()
  if (version !== 4 && version !== 5) cursor.fail(`macro version ${version}; 4 and 5 are read`)
  const flags = cursor.u8()
  const offsetSize = flags & OFFSET_SIZE_FLAG ? 8 : 4
  if (flags & DEBUG_LINE_OFFSET_FLAG) cursor.skip(offsetSize)
  if (flags & OPERANDS_TABLE_FLAG) cursor.fail('macros have opcodes of a vendor')
  return { offsetSize }
}

/** Reads .debug_macinfo (DWARF 4, 6.3). */
function readMacinfo(unit: Unit, offset: number, fileOf: FileOf): State['macros'] {
  const state: State = { unit, fileOf, macros: new Map(), ended: new Set(), files: [] }
  const cursor = new Cursor(unit.sections.macinfo, 'DWARF', unit.sections.littleEndian)
  cursor.seek(offset)
  for (let opcode = cursor.u8(); opcode !== 0; opcode = cursor.u8()) {
    switch (opcode) {
      case dw.DW_MACRO_define:
        define(state, cursor.uleb128(), cursor.string())
        break
      case dw.DW_MACRO_undef:
        cursor.uleb128()
        end(state, cursor.string())
        break
      case dw.DW_MACRO_start_file:
        cursor.uleb128()
        state.files.push(fileOf(unit, cursor.uleb128()))
        break
      case dw.DW_MACRO_end_file:
        state.files.pop()
        break
      case dw.DW_MACINFO_vendor_ext:
        cursor.uleb128()
        cursor.string()
        break
      default:
        cursor.fail(`unknown macro opcode 0x${opcode.toString(16)}`)
    }
  }
  return state.macros
}
