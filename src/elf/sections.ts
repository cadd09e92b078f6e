import { SHDR_SIZE, SHN_LORESERVE, SHN_XINDEX, SHT_NOBITS, SHT_NULL } from './constants.ts'
import type { Cursor } from './cursor.ts'
import { FormatError } from './format-error.ts'
import { sectionStrings, type StringTable } from './string-table.ts'

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

export interface SectionTable {
  readonly sections: Section[]
  /** Of the section that holds their names, 0: they have none. */
  readonly namesIndex: number
}

/**
 * From where `table` stands, with the counts of the ELF header. A file of 65,280 sections or more
 * keeps the true ones in section 0.
 */
export function readSections(
  table: Cursor,
  headerCount: number,
  headerNames: number,
): SectionTable {
  const start = table.offset
  const first = readSection(table, 0, unnamed)
  const count = headerCount === 0 ? first.size : headerCount
  const namesIndex = headerNames === SHN_XINDEX ? first.link : headerNames
  if (headerCount >= SHN_LORESERVE || count * SHDR_SIZE > table.end - start) {
    table.fail(`a table of ${count} section headers reaches past the end of the file`, start)
  }
  const names = namesIndex === 0 ? unnamed : readNames(table, start, namesIndex, count)
  table.seek(start)
  const sections: Section[] = []
  while (sections.length < count) sections.push(readSection(table, sections.length, names))
  refuseOverlaps(sections)
  return { sections, namesIndex }
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
