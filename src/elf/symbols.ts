import { Elf64_Sym, readSymbolRecord } from '../uapi/elf-records.ts'
import {
  SHN_ABS,
  SHN_COMMON,
  SHN_LORESERVE,
  SHN_XINDEX,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  SYMBOL_BINDINGS,
  SYMBOL_TYPES,
  SYMBOL_VISIBILITIES,
} from '../uapi/elf.ts'
import { FormatError } from './format-error.ts'
import type { Section } from './sections.ts'
import { sectionStrings } from './string-table.ts'

/**
 * `ElfSymbol.section` of absolute and common symbols: the 16-bit number read as a signed one, so that it clashes with no
 * section of a file that has more than 65,279.
 */
export const ABSOLUTE_SECTION: number = SHN_ABS - 0x10000
export const COMMON_SECTION: number = SHN_COMMON - 0x10000

export interface ElfSymbol {
  readonly index: number
  /** Empty for a section's symbol: the section has the name. */
  readonly name: string
  /** In an object: bytes from the start of its section. Past 2^53 (kernel addresses) rounded. */
  readonly value: number
  /** Bytes. */
  readonly size: number
  readonly binding: (typeof SYMBOL_BINDINGS)[number] | 'other'
  readonly type: (typeof SYMBOL_TYPES)[number] | 'other'
  readonly visibility: (typeof SYMBOL_VISIBILITIES)[number]
  /** The index of its section; SHN_UNDEF when it is defined elsewhere; ABSOLUTE_SECTION or COMMON_SECTION when it has none. */
  readonly section: number
}

/** Reads the file's one SHT_SYMTAB. Throws FormatError. */
export function readSymbols(sections: readonly Section[], littleEndian: boolean): ElfSymbol[] {
  const table = sections.find((section) => section.type === SHT_SYMTAB)
  if (!table) return []
  const { size } = Elf64_Sym
  if (table.entrySize !== size || table.size % size !== 0) {
    const reason = `a symbol table of ${table.size} bytes in entries of ${table.entrySize}, not ${size}`
    throw new FormatError('ELF', table.offset, reason)
  }
  const view = viewOf(table)
  const names = sectionStrings(sections[table.link], 'symbols')
  const extended = sections.find(
    (section) => section.type === SHT_SYMTAB_SHNDX && section.link === table.index,
  )
  const extendedIndexes = extended && viewOf(extended)

  return Array.from({ length: table.size / size }, (_, index) => {
    const fail = (reason: string): never => {
      throw new FormatError('ELF', table.offset + index * size, `symbol ${index} ${reason}`)
    }
    const record = readSymbolRecord(view, index * size, Elf64_Sym, littleEndian)
    let { section } = record
    if (section === SHN_XINDEX) {
      if (!extendedIndexes || extendedIndexes.byteLength < (index + 1) * 4) {
        return fail('needs an entry in a SHT_SYMTAB_SHNDX section')
      }
      section = extendedIndexes.getUint32(index * 4, littleEndian)
    } else if (section >= SHN_LORESERVE) {
      section -= 0x10000
    }
    if (section >= sections.length) {
      fail(`is in section ${section}, there are ${sections.length}`)
    }
    return {
      index,
      name: names(record.nameOffset),
      value: record.value,
      size: record.size,
      binding: SYMBOL_BINDINGS[record.binding] ?? 'other',
      type: SYMBOL_TYPES[record.type] ?? 'other',
      visibility: SYMBOL_VISIBILITIES[record.visibility] ?? 'default',
      section,
    }
  })
}

function viewOf({ data }: Section): DataView {
  return new DataView(data.buffer, data.byteOffset, data.length)
}
