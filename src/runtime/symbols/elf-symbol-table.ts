import type { SectionHeader } from '../../uapi/elf-records.ts'
import {
  SHN_ABS,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_LOCAL,
  STT_FUNC,
  STT_GNU_IFUNC,
  STT_NOTYPE,
  STT_OBJECT,
} from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { sectionBytes } from './elf-file.ts'
import { eachSymbol, symbolTables } from './elf-symbol.ts'
import type { SymbolRows } from './symbol-table.ts'
import { symbolRows, SymbolTable } from './symbol-table.ts'

export function hasSymtab({ sections }: ElfFile): boolean {
  return sections.some(({ type }) => type === SHT_SYMTAB)
}

/** Functions and variables of .symtab and .dynsym, by their address in the file. */
export function elfSymbols(...files: readonly ElfFile[]): SymbolTable {
  const rows = symbolRows()
  const texts: Buffer[] = []
  let textLength = 0
  for (const file of files) {
    for (const section of symbolTables(file)) {
      const strings = file.sections[section.link]
      if (!strings) continue
      const text = sectionBytes(file, strings)
      addSymbols(rows, file, section, text.length, textLength)
      // The last name may lack its NUL: it must not run on into the next table.
      texts.push(text, Buffer.alloc(1))
      textLength += text.length + 1
    }
  }
  return new SymbolTable(rows, Buffer.concat(texts))
}

function addSymbols(
  rows: SymbolRows,
  file: ElfFile,
  section: SectionHeader,
  textSize: number,
  textStart: number,
): void {
  eachSymbol(file, section, ({ nameOffset: nameAt, type, binding, section, value, size }) => {
    const named = nameAt !== 0 && nameAt < textSize
    if (section === 0 || section === SHN_ABS || value === 0 || !named) return
    const rank = rankOf(type, binding)
    if (rank === undefined) return
    rows.starts.push(value)
    rows.sizes.push(size)
    rows.ranks.push(rank)
    rows.nameOffsets.push(textStart + nameAt)
  })
}

/** Ranks functions before variables, global before weak before local. Labels without a type count when they are global: assembly. */
function rankOf(type: number, binding: number): number | undefined {
  const byBinding = binding === STB_GLOBAL ? 2 : binding === STB_LOCAL ? 0 : 1
  switch (type) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
      return 6 + byBinding
    case STT_OBJECT:
      return 3 + byBinding
    case STT_NOTYPE:
      return binding === STB_GLOBAL ? byBinding : undefined
    default:
      return undefined
  }
}
