import {
  SHN_LORESERVE,
  SHN_UNDEF,
  SHN_XINDEX,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STB_NAMES,
  STT_NAMES,
  STV_NAMES,
  SYM_SIZE,
} from './constants.ts'
import { Cursor } from './cursor.ts'
import type { Section } from './sections.ts'
import { sectionStrings } from './string-table.ts'

export interface ElfSymbol {
  readonly index: number
  /** Empty for a section's symbol: the section has the name. */
  readonly name: string
  /** In an object: bytes from the start of its section. Past 2^53 (kernel addresses) rounded. */
  readonly value: number
  /** Bytes. */
  readonly size: number
  readonly binding: (typeof STB_NAMES)[number] | 'other'
  readonly type: (typeof STT_NAMES)[number] | 'other'
  readonly visibility: (typeof STV_NAMES)[number]
  /** The index of its section; 0 (SHN_UNDEF): defined elsewhere; SHN_ABS, SHN_COMMON: none. */
  readonly section: number
}

/** Of the file's one SHT_SYMTAB. */
export function readSymbols(sections: readonly Section[], littleEndian: boolean): ElfSymbol[] {
  const table = sections.find((section) => section.type === SHT_SYMTAB)
  if (!table) return []
  const cursor = new Cursor(table.data, 'ELF', littleEndian)
  const fail = (reason: string): never => cursor.fail(reason, table.offset + cursor.offset)
  if (table.entrySize !== SYM_SIZE || table.size % SYM_SIZE !== 0) {
    fail(`a symbol table of ${table.size} bytes in entries of ${table.entrySize}, not ${SYM_SIZE}`)
  }
  const names = sectionStrings(sections[table.link], 'symbols')
  const extended = sections.find(
    (section) => section.type === SHT_SYMTAB_SHNDX && section.link === table.index,
  )
  const extendedIndex = extended && new Cursor(extended.data, 'ELF', littleEndian)

  const symbols: ElfSymbol[] = []
  while (!cursor.done) {
    const name = cursor.u32()
    const info = cursor.u8()
    const other = cursor.u8()
    let section = cursor.u16()
    if (section === SHN_XINDEX) {
      if (!extendedIndex) fail(`symbol ${symbols.length} needs a SHT_SYMTAB_SHNDX section`)
      extendedIndex?.seek(symbols.length * 4)
      section = extendedIndex?.u32() ?? SHN_UNDEF
    } else if (section >= SHN_LORESERVE) {
      section -= 0x10000
    }
    if (section >= sections.length) {
      fail(`symbol ${symbols.length} is in section ${section}, there are ${sections.length}`)
    }
    symbols.push({
      index: symbols.length,
      name: names(name),
      value: cursor.word(),
      size: cursor.word(),
      binding: STB_NAMES[info >> 4] ?? 'other',
      type: STT_NAMES[info & 15] ?? 'other',
      visibility: STV_NAMES[other & 3] ?? 'default',
      section,
    })
  }
  return symbols
}
