import {
  Elf64_Ehdr,
  Elf64_Rel,
  Elf64_Shdr,
  Elf64_Sym,
  readFileHeader,
  readRelocationRecord,
  readSectionHeader,
  readSymbolRecord,
  type SectionHeader,
  sectionNumbers,
} from '../../uapi/elf-records.ts'
import { SHT_REL, SHT_SYMTAB, STT_FUNC } from '../../uapi/elf.ts'

interface ElfSection extends SectionHeader {
  readonly name: string
}

export interface ElfSymbol {
  readonly name: string
  /** Bytes into its section. */
  readonly value: number
  readonly size: number
  readonly isFunction: boolean
  /** Undefined when another object defines it: kernel functions and variables. */
  readonly section: string | undefined
}

/** The parts of a BPF object that a verifier error needs. libbpf has opened it: it is 64-bit and little-endian. */
export interface ObjectFile {
  readonly bytes: DataView
  readonly symbols: readonly ElfSymbol[]
  /** Where a section lies in the file, in bytes. */
  section(name: string): { readonly offset: number; readonly size: number } | undefined
  /** The symbols that a section refers to, by the byte that their relocation changes. */
  relocations(section: string): ReadonlyMap<number, ElfSymbol>
}

/**
 * Reads only these parts of ELF, since agents carry this file in their bundles.
 * @throws {RangeError} when the object is truncated
 */
export function readObjectFile(object: Uint8Array): ObjectFile {
  const bytes = new DataView(object.buffer, object.byteOffset, object.byteLength)
  const sections = readSections(bytes)
  const table = sections.find(({ type }) => type === SHT_SYMTAB)
  const symbols = table ? readSymbols(bytes, table, sections) : []
  return {
    bytes,
    symbols,
    section: (wanted) => sections.find(({ name }) => name === wanted),
    relocations(target) {
      const found = new Map<number, ElfSymbol>()
      for (const { type, offset, size, info } of sections) {
        if (type !== SHT_REL || sections[info]?.name !== target) continue
        for (let at = offset; at < offset + size; at += Elf64_Rel.size) {
          const relocation = readRelocationRecord(bytes, at, true)
          const symbol = symbols[relocation.symbolIndex]
          if (symbol) found.set(relocation.offset, symbol)
        }
      }
      return found
    },
  }
}

function readSections(bytes: DataView): ElfSection[] {
  const file = readFileHeader(bytes, Elf64_Ehdr, true)
  const headerOf = (index: number): SectionHeader =>
    readSectionHeader(bytes, file.sectionHeaders.offset + index * Elf64_Shdr.size, Elf64_Shdr, true)
  const { count, namesIndex } = sectionNumbers(file, headerOf(0))
  const names = headerOf(namesIndex).offset
  return Array.from({ length: count }, (_, index) => {
    const header = headerOf(index)
    return { ...header, name: textAt(bytes, names + header.nameOffset) }
  })
}

function readSymbols(
  bytes: DataView,
  table: ElfSection,
  sections: readonly ElfSection[],
): ElfSymbol[] {
  const names = sections[table.link]?.offset ?? 0
  return Array.from({ length: Math.floor(table.size / Elf64_Sym.size) }, (_, index) => {
    const record = readSymbolRecord(bytes, table.offset + index * Elf64_Sym.size, Elf64_Sym, true)
    return {
      name: textAt(bytes, names + record.nameOffset),
      value: record.value,
      size: record.size,
      isFunction: record.type === STT_FUNC,
      section: sections[record.section]?.name || undefined,
    }
  })
}

/** Reads a string up to its NUL. */
export function textAt(bytes: DataView, at: number): string {
  let end = at
  while (bytes.getUint8(end) !== 0) end++
  return new TextDecoder().decode(new Uint8Array(bytes.buffer, bytes.byteOffset + at, end - at))
}
