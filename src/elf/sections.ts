import {
  Elf64_Shdr,
  readSectionHeader,
  sectionNumbers,
  type FileHeader,
  type SectionHeader,
} from '../uapi/elf-records.ts'
import { SHN_LORESERVE, SHT_NOBITS, SHT_NULL } from '../uapi/elf.ts'
import { FormatError } from './format-error.ts'
import { sectionStrings, type StringTable } from './string-table.ts'

export interface Section extends Omit<SectionHeader, 'nameOffset'> {
  readonly index: number
  readonly name: string
  /** Empty for a NOBITS section. */
  readonly data: Uint8Array
}

export interface SectionTable {
  readonly sections: Section[]
  /** The index of the section that holds their names; 0 when they have none. */
  readonly namesIndex: number
}

/** Reads the sections of a whole 64-bit file, and checks that each lies inside of it and on no other. Throws FormatError. */
export function readSections(
  file: DataView,
  header: FileHeader,
  littleEndian: boolean,
): SectionTable {
  const start = header.sectionHeaders.offset
  const available = Math.floor((file.byteLength - start) / Elf64_Shdr.size)
  const headerOf = (index: number): SectionHeader =>
    readSectionHeader(file, start + index * Elf64_Shdr.size, Elf64_Shdr, littleEndian)
  if (available < 1) {
    const reason = `the section headers start at byte ${start}, the file has ${file.byteLength}`
    throw new FormatError('ELF', file.byteLength, reason)
  }
  const { count, namesIndex } = sectionNumbers(header, headerOf(0))
  if (header.sectionHeaders.count >= SHN_LORESERVE || count > available) {
    const reason = `a table of ${count} section headers reaches past the end of the file`
    throw new FormatError('ELF', start, reason)
  }
  if (namesIndex >= count && namesIndex !== 0) {
    const reason = `section ${namesIndex} should hold names, there are ${count}`
    throw new FormatError('ELF', start, reason)
  }
  const section = (index: number, names: StringTable): Section => {
    const { nameOffset, ...described } = headerOf(index)
    const data = contentOf(file, described, index, start + index * Elf64_Shdr.size)
    return { ...described, index, name: names(nameOffset), data }
  }
  const names =
    namesIndex === 0 ? unnamed : sectionStrings(section(namesIndex, unnamed), 'section names')
  const sections = Array.from({ length: count }, (_, index) => section(index, names))
  refuseOverlaps(sections)
  return { sections, namesIndex }
}

const unnamed: StringTable = () => ''

function contentOf(
  file: DataView,
  { type, offset, size }: Pick<SectionHeader, 'type' | 'offset' | 'size'>,
  index: number,
  headerOffset: number,
): Uint8Array {
  if (type === SHT_NOBITS || type === SHT_NULL) return new Uint8Array()
  if (offset + size > file.byteLength) {
    const reason = `section ${index} takes bytes ${offset} to ${offset + size}, the file has ${file.byteLength}`
    throw new FormatError('ELF', headerOffset, reason)
  }
  return new Uint8Array(file.buffer, file.byteOffset + offset, size)
}

/** Refuses sections that overlap. That also limits the memory for copies of all sections. */
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
