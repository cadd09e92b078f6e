import {
  EHDR_SIZE,
  EI_CLASS,
  EI_DATA,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  SHDR_SIZE,
  SHN_LORESERVE,
  SHN_XINDEX,
  SHT_NOBITS,
  SHT_NULL,
} from './constants.ts'
import { Cursor } from './cursor.ts'
import { FormatError } from './format-error.ts'
import { sectionStrings, type StringTable } from './string-table.ts'
import { readSymbols, type ElfSymbol } from './symbols.ts'

export type { ElfSymbol } from './symbols.ts'
export { relocations, type Relocation } from './relocations.ts'

/** A 64-bit ELF file. Its byte arrays are windows into `bytes`, not copies. */
export interface Elf {
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  /** EM_: 247 is BPF. */
  readonly machine: number
  /** ET_: 1 is a relocatable object. */
  readonly type: number
  /** By section index; [0] is the null section. */
  readonly sections: readonly Section[]
  /** Of .symtab, by symbol index; [0] is the null symbol. */
  readonly symbols: readonly ElfSymbol[]
}

export interface Section {
  readonly index: number
  readonly name: string
  /** SHT_ */
  readonly type: number
  /** SHF_ */
  readonly flags: number
  /** Bytes from the start of the file. */
  readonly offset: number
  /** Bytes, also of a NOBITS section, which has no data. */
  readonly size: number
  readonly link: number
  readonly info: number
  readonly align: number
  /** Bytes of one entry in a section that is a table. */
  readonly entrySize: number
  readonly data: Uint8Array
}

/** Throws FormatError for anything but a well-formed ELF64 file of either byte order. */
export function readElf(bytes: Uint8Array): Elf {
  const littleEndian = readIdent(bytes)
  const header = new Cursor(bytes, 'ELF', littleEndian, 16)
  const type = header.u16()
  const machine = header.u16()
  header.seek(40)
  const tableOffset = header.word()
  header.seek(58)
  const headerSize = header.u16()
  const count = header.u16()
  const namesIndex = header.u16()
  if (tableOffset === 0) return { bytes, littleEndian, machine, type, sections: [], symbols: [] }

  if (headerSize !== SHDR_SIZE) {
    header.fail(`section headers of ${headerSize} bytes, ELF64 has ${SHDR_SIZE}`, 58)
  }
  const table = new Cursor(bytes, 'ELF', littleEndian, EHDR_SIZE)
  table.seek(tableOffset)
  const sections = readSections(table, count, namesIndex)
  refuseOverlaps(sections)
  return {
    bytes,
    littleEndian,
    machine,
    type,
    sections,
    symbols: readSymbols(sections, littleEndian),
  }
}

function readIdent(bytes: Uint8Array): boolean {
  const magic = bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46
  if (!magic)
    throw new FormatError('ELF', 0, 'this is not an ELF file: it does not start with \\x7fELF')
  if (bytes.length < EHDR_SIZE) {
    throw new FormatError('ELF', bytes.length, 'the file ends inside its header')
  }
  if (bytes[EI_CLASS] !== ELFCLASS64) {
    throw new FormatError('ELF', EI_CLASS, 'this is a 32-bit file; BPF objects are 64-bit ELF')
  }
  const order = bytes[EI_DATA]
  if (order !== ELFDATA2LSB && order !== ELFDATA2MSB) {
    throw new FormatError('ELF', EI_DATA, `unknown byte order ${order}`)
  }
  return order === ELFDATA2LSB
}

/** A file of 65,280 sections or more keeps their number, and the name table's, in section 0. */
function readSections(table: Cursor, count: number, namesIndex: number): Section[] {
  const start = table.offset
  const first = readSection(table, 0, unnamed)
  const realCount = count === 0 ? first.size : count
  const realNamesIndex = namesIndex === SHN_XINDEX ? first.link : namesIndex
  if (count >= SHN_LORESERVE || realCount * SHDR_SIZE > table.end - start) {
    table.fail(`a table of ${realCount} section headers reaches past the end of the file`)
  }
  const names = realNamesIndex === 0 ? unnamed : readNames(table, start, realNamesIndex, realCount)
  table.seek(start)
  const sections: Section[] = []
  while (sections.length < realCount) sections.push(readSection(table, sections.length, names))
  return sections
}

function readNames(table: Cursor, start: number, index: number, count: number): StringTable {
  if (index >= count) table.fail(`section ${index} should hold names, there are ${count}`, start)
  table.seek(start + index * SHDR_SIZE)
  return sectionStrings(readSection(table, index, unnamed), 'section names')
}

const unnamed: StringTable = () => ''

function readSection(table: Cursor, index: number, names: StringTable): Section {
  const start = table.offset
  const name = names(table.u32())
  const type = table.u32()
  const flags = table.word()
  table.skip(8)
  const offset = table.word()
  const size = table.word()
  const link = table.u32()
  const info = table.u32()
  const align = table.word()
  const entrySize = table.word()
  const filled = type !== SHT_NOBITS && type !== SHT_NULL
  if (filled && offset + size > table.bytes.length) {
    table.fail(
      `section ${index} takes bytes ${offset} to ${offset + size}, the file has ${table.bytes.length}`,
      start,
    )
  }
  const data = filled ? table.bytes.subarray(offset, offset + size) : new Uint8Array()
  return {
    index,
    name,
    type,
    flags,
    offset,
    size,
    link,
    info,
    align,
    entrySize,
    data,
  }
}

/** Also what bounds the memory that copies of all sections can take. */
function refuseOverlaps(sections: readonly Section[]): void {
  const filled = sections.filter((section) => section.data.length > 0)
  filled.sort((a, b) => a.offset - b.offset)
  let previous: Section | undefined
  for (const section of filled) {
    if (previous && section.offset < previous.offset + previous.size) {
      throw new FormatError(
        'ELF',
        section.offset,
        `section ${section.index} overlaps section ${previous.index}`,
      )
    }
    previous = section
  }
}
