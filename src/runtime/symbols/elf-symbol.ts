import type { ElfFile, ElfSection } from './elf-file.ts'
import { fields, sectionBytes } from './elf-file.ts'

/** elf.h */
export const SHT_SYMTAB = 2
export const SHT_DYNSYM = 11
export const SHN_ABS = 0xfff1
export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_GNU_IFUNC = 10
export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2

/** Elf64_Sym or Elf32_Sym. */
export interface ElfSymbol {
  /** st_name, bytes into the string table. */
  readonly nameOffset: number
  /** STT_ */
  readonly type: number
  /** STB_ */
  readonly binding: number
  /** st_shndx; 0 (SHN_UNDEF) when another file defines the symbol. */
  readonly section: number
  readonly value: number
  readonly size: number
}

/**
 * The file's .symtab and .dynsym. ELF allows one of each; reading more would let a hostile file make its reader work as
 * often as it says.
 */
export function symbolTables({ sections }: ElfFile): ElfSection[] {
  return [SHT_SYMTAB, SHT_DYNSYM].flatMap(
    (wanted) => sections.find(({ type }) => type === wanted) ?? [],
  )
}

/** Calls `visit` with each symbol of a table, in the table's order. */
export function eachSymbol(
  file: ElfFile,
  section: ElfSection,
  visit: (symbol: ElfSymbol, index: number) => void,
): void {
  const { wide, littleEndian } = file
  const table = sectionBytes(file, section)
  // Elf64_Sym: name, info, other, shndx, value, size. Elf32_Sym: name, value, size, info, other, shndx.
  const entry = wide ? 24 : 16
  const at = fields(table, wide, littleEndian)
  for (let offset = 0, index = 0; offset + entry <= table.length; offset += entry, index++) {
    const info = table[offset + (wide ? 4 : 12)] ?? 0
    const symbol = {
      nameOffset: at.int(offset),
      type: info & 15,
      binding: info >> 4,
      section: at.half(offset + (wide ? 6 : 14)),
      value: at.word(offset + (wide ? 8 : 4)),
      size: at.word(offset + (wide ? 16 : 8)),
    }
    visit(symbol, index)
  }
}
