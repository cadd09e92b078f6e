import { REL_SIZE, RELA_SIZE, SHT_REL, SHT_RELA } from './constants.ts'
import { Cursor } from './cursor.ts'
import type { Elf, Section } from './elf.ts'
import type { ElfSymbol } from './symbols.ts'

export interface Relocation {
  /** Bytes from the start of the section that is relocated. */
  readonly offset: number
  readonly symbol: ElfSymbol
  /** R_ of the file's machine. */
  readonly type: number
  /** Of a REL section it is 0: the addend stands in the relocated bytes. */
  readonly addend: bigint
}

/** What changes `section`: every entry of the REL and RELA sections that apply to it, in file order. */
export function relocations(elf: Elf, section: Section): Relocation[] {
  return elf.sections.flatMap((candidate) =>
    isRelocations(candidate) && candidate.info === section.index
      ? relocationEntries(elf, candidate)
      : [],
  )
}

/** The REL and RELA sections by the index of the section that they apply to. */
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

/** Bytes of one entry. */
export function entrySize(table: Section): number {
  return table.type === SHT_RELA ? RELA_SIZE : REL_SIZE
}

/** The entries of one REL or RELA section. */
export function relocationEntries(elf: Elf, table: Section): Relocation[] {
  const cursor = new Cursor(table.data, 'ELF', elf.littleEndian)
  const entries: Relocation[] = []
  while (!cursor.done) {
    const start = table.offset + cursor.offset
    if (cursor.remaining < entrySize(table)) cursor.fail('the last relocation is cut short', start)
    const offset = cursor.word()
    const info = cursor.u64()
    const addend = table.type === SHT_RELA ? cursor.s64() : 0n
    const index = Number(info >> 32n)
    const symbol = elf.symbols[index]
    if (!symbol) {
      return cursor.fail(`a relocation names symbol ${index} of ${elf.symbols.length}`, start)
    }
    entries.push({ offset, symbol, type: Number(info & 0xffff_ffffn), addend })
  }
  return entries
}
