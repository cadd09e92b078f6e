import { Elf64_Rel, Elf64_Rela, readRelocationRecord } from '../uapi/elf-records.ts'
import { SHT_REL, SHT_RELA } from '../uapi/elf.ts'
import type { Elf, Section } from './elf.ts'
import { FormatError } from './format-error.ts'
import type { ElfSymbol } from './symbols.ts'

export interface Relocation {
  /** Bytes from the start of the section that is relocated. */
  readonly offset: number
  readonly symbol: ElfSymbol
  /** R_ of the file's machine. */
  readonly type: number
  /** 0 in a REL section, whose addends stand in the relocated bytes. */
  readonly addend: bigint
}

/** Reads the relocations that change `section`: every entry of the REL and RELA sections that apply to it, in file order. */
export function relocations(elf: Elf, section: Section): Relocation[] {
  return elf.sections.flatMap((candidate) =>
    isRelocations(candidate) && candidate.info === section.index
      ? relocationEntries(elf, candidate)
      : [],
  )
}

/** Groups the REL and RELA sections by the index of the section that they apply to. */
export function relocationTables(elf: Elf): Map<number, Section[]> {
  const tables = new Map<number, Section[]>()
  for (const section of elf.sections) {
    if (!isRelocations(section)) continue
    const others = tables.get(section.info)
    if (others) others.push(section)
    else tables.set(section.info, [section])
  }
  return tables
}

export function isRelocations(section: Section): boolean {
  return section.type === SHT_REL || section.type === SHT_RELA
}

/** Returns the struct of an entry: Elf64_Rel or Elf64_Rela. */
export function relocationRecord(table: Section): typeof Elf64_Rel | typeof Elf64_Rela {
  return table.type === SHT_RELA ? Elf64_Rela : Elf64_Rel
}

/** Reads the entries of one REL or RELA section. Throws FormatError. */
export function relocationEntries(elf: Elf, table: Section): Relocation[] {
  const { littleEndian, symbols } = elf
  const { data } = table
  const { size } = relocationRecord(table)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const entries: Relocation[] = []
  for (let at = 0; at < data.length; at += size) {
    const fail = (reason: string): never => {
      throw new FormatError('ELF', table.offset + at, reason)
    }
    if (data.length - at < size) fail('the last relocation is cut off')
    const { offset, symbolIndex, type } = readRelocationRecord(view, at, littleEndian)
    const symbol = symbols[symbolIndex]
    if (!symbol) return fail(`a relocation names symbol ${symbolIndex} of ${symbols.length}`)
    const addend =
      table.type === SHT_RELA ? view.getBigInt64(at + Elf64_Rela.r_addend, littleEndian) : 0n
    entries.push({ offset, symbol, type, addend })
  }
  return entries
}
