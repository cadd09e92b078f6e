import type { ElfFile } from './elf-file.ts'
import { PT_LOAD, sectionBytes } from './elf-file.ts'
import type { ElfSymbol } from './elf-symbol.ts'
import { eachSymbol, SHN_ABS, SHT_DYNSYM, SHT_SYMTAB, STT_FUNC } from './elf-symbol.ts'
import { readName } from './strings.ts'
import type { SymbolVersion } from './symbol-versions.ts'
import { symbolVersions } from './symbol-versions.ts'

/** A function that an ELF file defines. */
export interface ElfFunction extends SymbolVersion {
  /** Without its version. */
  readonly name: string
  /** STB_ */
  readonly binding: number
  /** Bytes from the start of the file. */
  readonly offset: number
}

/**
 * Of both symbol tables: stripped files have only that of dynamic linking, static ones only the other. Without those
 * that choose a function when a program starts (STT_GNU_IFUNC): what they name runs once.
 */
export function elfFunctions(file: ElfFile): ElfFunction[] {
  const found: ElfFunction[] = []
  const versions = symbolVersions(file)
  for (const section of file.sections) {
    const strings = file.sections[section.link]
    if ((section.type !== SHT_SYMTAB && section.type !== SHT_DYNSYM) || !strings) continue
    const text = sectionBytes(file, strings)
    eachSymbol(file, section, (symbol, index) => {
      const offset = isFunction(symbol) ? fileOffset(file, symbol.value) : undefined
      if (offset === undefined) return
      const { nameAt, binding } = symbol
      const { name, ...written } = readVersioned(readName(text, nameAt))
      const version = section.type === SHT_DYNSYM ? versions(index) : written
      found.push({ name, binding, offset, ...version })
    })
  }
  return found
}

/** What linkers write, and users of names: `malloc@GLIBC_2.2.5`, or `malloc@@GLIBC_2.2.5` of the default one. */
export function readVersioned(text: string): { name: string } & SymbolVersion {
  const [, name = text, sign = '', version] = /^([^@]+)(@@?)(.+)$/.exec(text) ?? []
  return { name, version, hidden: sign === '@' }
}

function isFunction({ type, section, nameAt }: ElfSymbol): boolean {
  return type === STT_FUNC && section !== 0 && section !== SHN_ABS && nameAt !== 0
}

/** Of an address: it is in what the file has the kernel map. */
function fileOffset({ segments }: ElfFile, address: number): number | undefined {
  const load = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && address >= start && address < start + fileSize,
  )
  return load && address - load.address + load.offset
}
