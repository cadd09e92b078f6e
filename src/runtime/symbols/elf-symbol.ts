import {
  Elf32_Sym,
  Elf64_Sym,
  readSymbolRecord,
  type SectionHeader,
  type SymbolRecord,
} from '../../uapi/elf-records.ts'
import { SHT_DYNSYM, SHT_SYMTAB } from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { sectionBytes, viewOf } from './elf-file.ts'

/**
 * The file's .symtab and .dynsym. ELF allows one of each; reading more would let a hostile file make its reader work as
 * often as it says.
 */
export function symbolTables({ sections }: ElfFile): SectionHeader[] {
  return [SHT_SYMTAB, SHT_DYNSYM].flatMap(
    (wanted) => sections.find(({ type }) => type === wanted) ?? [],
  )
}

/** Calls `visit` with each symbol of a table, in the table's order. */
export function eachSymbol(
  file: ElfFile,
  section: SectionHeader,
  visit: (symbol: SymbolRecord, index: number) => void,
): void {
  const table = viewOf(sectionBytes(file, section))
  const fields = file.wide ? Elf64_Sym : Elf32_Sym
  const count = Math.floor(table.byteLength / fields.size)
  for (let index = 0; index < count; index++) {
    visit(readSymbolRecord(table, index * fields.size, fields, file.littleEndian), index)
  }
}
