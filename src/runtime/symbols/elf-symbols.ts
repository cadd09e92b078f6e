import type { ElfFile, ElfSection } from './elf-file.ts'
import { fields, sectionBytes } from './elf-file.ts'
import type { SymbolRows } from './symbol-table.ts'
import { symbolRows, SymbolTable } from './symbol-table.ts'

/** elf.h */
const SHT_SYMTAB = 2
const SHT_DYNSYM = 11
const SHN_ABS = 0xfff1
const STT_NOTYPE = 0
const STT_OBJECT = 1
const STT_FUNC = 2
const STT_GNU_IFUNC = 10
/** Local symbols are 0, weak ones 2. */
const STB_GLOBAL = 1

export function hasSymbolTable({ sections }: ElfFile): boolean {
  return sections.some(({ type }) => type === SHT_SYMTAB)
}

/** Functions and variables of the symbol tables, those of dynamic linking among them, by their address in the file. */
export function elfSymbols(...files: readonly ElfFile[]): SymbolTable {
  const rows = symbolRows()
  const texts: Buffer[] = []
  let textLength = 0
  for (const file of files) {
    for (const section of file.sections) {
      const strings = file.sections[section.link]
      if ((section.type !== SHT_SYMTAB && section.type !== SHT_DYNSYM) || !strings) continue
      const text = sectionBytes(file, strings)
      addSymbols(rows, file, section, text.length, textLength)
      // A name without its NUL ends with its table.
      texts.push(text, Buffer.alloc(1))
      textLength += text.length + 1
    }
  }
  return new SymbolTable(rows, Buffer.concat(texts))
}

function addSymbols(
  rows: SymbolRows,
  file: ElfFile,
  section: ElfSection,
  textSize: number,
  textStart: number,
): void {
  const { wide, littleEndian } = file
  const table = sectionBytes(file, section)
  // Elf64_Sym: name, info, other, shndx, value, size. Elf32_Sym: name, value, size, info, other, shndx.
  const entry = wide ? 24 : 16
  const at = fields(table, wide, littleEndian)
  for (let offset = 0; offset + entry <= table.length; offset += entry) {
    const info = table[offset + (wide ? 4 : 12)] ?? 0
    const index = at.half(offset + (wide ? 6 : 14))
    const [type, binding] = [info & 15, info >> 4]
    const value = at.word(offset + (wide ? 8 : 4))
    const name = at.int(offset)
    if (index === 0 || index === SHN_ABS || value === 0 || name === 0 || name >= textSize) continue
    const rank = rankOf(type, binding)
    if (rank === undefined) continue
    rows.starts.push(value)
    rows.sizes.push(at.word(offset + (wide ? 16 : 8)))
    rows.ranks.push(rank)
    rows.names.push(textStart + name)
  }
}

/** Labels without a type count when they are global: functions of hand-written assembly. */
function rankOf(type: number, binding: number): number | undefined {
  const own = binding === STB_GLOBAL ? 2 : binding === 0 ? 0 : 1
  switch (type) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
      return 6 + own
    case STT_OBJECT:
      return 3 + own
    case STT_NOTYPE:
      return binding === STB_GLOBAL ? own : undefined
    default:
      return undefined
  }
}
