import { Elf64_Sym, relocationSymbolOffset } from '../uapi/elf-records.ts'
import {
  ET_REL,
  SHF_INFO_LINK,
  SHN_LORESERVE,
  SHT_GROUP,
  SHT_LLVM_ADDRSIG,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
} from '../uapi/elf.ts'
import { readElf, type Elf, type ElfSymbol, type Section } from './elf.ts'
import { FormatError } from './format-error.ts'
import { isRelocations, relocationEntries, relocationRecord } from './relocations.ts'
import { writeStringTable } from './string-table-writer.ts'
import { writeElf } from './write.ts'

/**
 * Returns the object without DWARF, as `llvm-strip -g` would leave it: programs, maps, relocations, BTF and BTF.ext do not
 * change, indexes of sections and symbols are renumbered. The result depends on the bytes only. Throws FormatError, also for
 * a file that is not a relocatable object.
 */
export function stripDebug(bytes: Uint8Array): Uint8Array {
  const elf = readElf(bytes)
  if (elf.type !== ET_REL) {
    const reason = `only relocatable objects can be stripped, this file is of type ${elf.type}`
    throw new FormatError('ELF', 16, reason)
  }
  const remaining = remainingParts(elf)
  if (remaining.sections.length >= SHN_LORESERVE) {
    throw new FormatError(
      'ELF',
      0,
      `${remaining.sections.length} sections are too many to renumber`,
    )
  }
  const tables = stringTables(elf, remaining)
  const sections = remaining.sections.map((section) => ({
    ...section,
    nameOffset: tables.get(elf.namesIndex)?.offsets.get(section.name) ?? 0,
    link: remaining.sectionIndex.get(section.link) ?? 0,
    info: renumberInfo(section, remaining),
    data: tables.get(section.index)?.bytes ?? renumberData(elf, section, remaining, tables),
  }))
  return writeElf(elf, sections, remaining.sectionIndex.get(elf.namesIndex) ?? 0)
}

/** The sections and symbols that remain, and their new indexes. */
interface Remaining {
  readonly sections: readonly Section[]
  readonly symbols: readonly ElfSymbol[]
  /** The new index of a section, by the old one. */
  readonly sectionIndex: ReadonlyMap<number, number>
  /** The new index of a symbol, by the old one. */
  readonly symbolIndex: ReadonlyMap<number, number>
}

function remainingParts(elf: Elf): Remaining {
  const dropped = new Set<number>()
  for (const section of elf.sections) {
    if (isDropped(section)) dropped.add(section.index)
  }
  for (const section of elf.sections) {
    if (isRelocations(section) && dropped.has(section.info)) dropped.add(section.index)
  }
  const sections = elf.sections.filter((section) => !dropped.has(section.index))
  const symbols = elf.symbols.filter(
    // A file symbol names the source for debuggers.
    (symbol) => symbol.type !== 'file' && !dropped.has(symbol.section),
  )
  return {
    sections,
    symbols,
    sectionIndex: new Map(sections.map((section, index) => [section.index, index])),
    symbolIndex: new Map(symbols.map((symbol, index) => [symbol.index, index])),
  }
}

function isDropped(section: Section): boolean {
  return (
    /^\.z?debug|^\.gdb_index$/.test(section.name) ||
    // It lists symbol indexes for linkers that fold equal functions.
    section.type === SHT_LLVM_ADDRSIG ||
    // The remaining sections are numbered in 16 bits.
    section.type === SHT_SYMTAB_SHNDX
  )
}

type StringTables = ReadonlyMap<number, ReturnType<typeof writeStringTable>>

/** Writes the tables of section and symbol names, by index. clang has one table for both. */
function stringTables(elf: Elf, remaining: Remaining): StringTables {
  const names = new Map<number, string[]>()
  const use = (table: number, name: string): void => {
    const known = names.get(table)
    if (known) known.push(name)
    else names.set(table, [name])
  }
  for (const section of remaining.sections) {
    use(elf.namesIndex, section.name)
    if (section.type === SHT_SYMTAB)
      for (const { name } of remaining.symbols) use(section.link, name)
  }
  return new Map([...names].map(([table, used]) => [table, writeStringTable(used)]))
}

function renumberInfo(section: Section, remaining: Remaining): number {
  if (isRelocations(section) || (section.flags & SHF_INFO_LINK) !== 0) {
    return remaining.sectionIndex.get(section.info) ?? 0
  }
  // Local symbols come first; this is the index of the first other one.
  if (section.type === SHT_SYMTAB) {
    return remaining.symbols.filter((symbol) => symbol.binding === 'local').length
  }
  if (section.type === SHT_GROUP) return remaining.symbolIndex.get(section.info) ?? 0
  return section.info
}

function renumberData(
  elf: Elf,
  section: Section,
  remaining: Remaining,
  tables: StringTables,
): Uint8Array {
  if (section.type === SHT_SYMTAB) {
    return symbolTable(elf, section, remaining, tables.get(section.link)?.offsets ?? new Map())
  }
  if (isRelocations(section)) return relocationTable(elf, section, remaining)
  if (section.type === SHT_GROUP) return group(elf, section, remaining)
  return section.data
}

function symbolTable(
  elf: Elf,
  section: Section,
  remaining: Remaining,
  names: ReadonlyMap<string, number>,
): Uint8Array {
  const data = new Uint8Array(remaining.symbols.length * Elf64_Sym.size)
  const view = new DataView(data.buffer)
  for (const [index, symbol] of remaining.symbols.entries()) {
    const old = symbol.index * Elf64_Sym.size
    const at = index * Elf64_Sym.size
    // Absolute and common symbols keep their special number.
    const sectionNumber = remaining.sectionIndex.get(symbol.section) ?? symbol.section & 0xffff
    data.set(section.data.subarray(old, old + Elf64_Sym.size), at)
    view.setUint32(at + Elf64_Sym.st_name, names.get(symbol.name) ?? 0, elf.littleEndian)
    view.setUint16(at + Elf64_Sym.st_shndx, sectionNumber, elf.littleEndian)
  }
  return data
}

function relocationTable(elf: Elf, section: Section, remaining: Remaining): Uint8Array {
  const data = section.data.slice()
  const view = new DataView(data.buffer)
  for (const [index, { symbol }] of relocationEntries(elf, section).entries()) {
    const renumbered = remaining.symbolIndex.get(symbol.index)
    if (renumbered === undefined) {
      const reason = `${section.name} refers to debug information through symbol ${symbol.index}`
      throw new FormatError('ELF', section.offset, reason)
    }
    const at = relocationSymbolOffset(index * relocationRecord(section).size, elf.littleEndian)
    view.setUint32(at, renumbered, elf.littleEndian)
  }
  return data
}

/** Renumbers a group: behind a word of flags, the indexes of sections that a linker keeps or drops together. */
function group(elf: Elf, section: Section, remaining: Remaining): Uint8Array {
  const words = new DataView(section.data.buffer, section.data.byteOffset, section.data.length)
  const data = new Uint8Array(section.data.length)
  const view = new DataView(data.buffer)
  let length = 0
  for (let at = 0; at + 4 <= data.length; at += 4) {
    const word = words.getUint32(at, elf.littleEndian)
    const renumbered = at === 0 ? word : remaining.sectionIndex.get(word)
    if (renumbered === undefined) continue
    view.setUint32(length, renumbered, elf.littleEndian)
    length += 4
  }
  return data.subarray(0, length)
}
