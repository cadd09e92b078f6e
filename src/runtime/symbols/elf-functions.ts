import type { ElfFile } from './elf-file.ts'
import { PT_LOAD, sectionBytes } from './elf-file.ts'
import type { ElfSymbol } from './elf-symbol.ts'
import {
  eachSymbol,
  SHN_ABS,
  SHT_DYNSYM,
  STT_FUNC,
  STT_GNU_IFUNC,
  symbolTables,
} from './elf-symbol.ts'
import type { SymbolVersion } from './symbol-versions.ts'
import { symbolVersions } from './symbol-versions.ts'

/** A function that an ELF file defines. */
export interface ElfFunction extends SymbolVersion {
  /** Without its version. */
  readonly name: string
  /** STB_ */
  readonly binding: number
  /** It chooses a function when a program starts, and runs once (STT_GNU_IFUNC). */
  readonly chooses: boolean
  /** Bytes from the start of the file. */
  readonly offset: number
}

export interface ElfFunctions {
  readonly wanted: readonly ElfFunction[]
  /** How many there are in all. */
  readonly count: number
}

/**
 * Of both symbol tables: stripped files have only that of dynamic linking, static ones only the other.
 * @param isWanted by name, which has no version. Programs have a hundred thousand.
 */
export function elfFunctions(file: ElfFile, isWanted: (name: string) => boolean): ElfFunctions {
  const wanted: ElfFunction[] = []
  let count = 0
  const versions = symbolVersions(file)
  for (const section of symbolTables(file)) {
    const strings = file.sections[section.link]
    if (!strings) continue
    const text = sectionBytes(file, strings)
    let left = namesPerText * text.length
    eachSymbol(file, section, (symbol, index) => {
      if (!isFunction(symbol)) return
      count++
      const written = left > 0 ? nameIn(text, symbol.nameAt) : ''
      left -= written.length
      const { name, ...version } = written.includes('@')
        ? readVersioned(written)
        : { name: written, ...unversioned }
      const offset = isWanted(name) ? fileOffset(file, symbol.value) : undefined
      if (offset === undefined) return
      const { binding, type } = symbol
      const its = section.type === SHT_DYNSYM ? versions(index) : version
      wanted.push({ name, binding, chooses: type === STT_GNU_IFUNC, offset, ...its })
    })
  }
  return { wanted, count }
}

/** How many times all names may be as long as their text: linkers let one end in another, a stranger a million. */
const namesPerText = 16

/** The names of the functions that a file defines, and of those that it takes from libraries. */
export function functionNames(file: ElfFile): { defined: string[]; imported: string[] } {
  const [defined, imported] = [new Set<string>(), new Set<string>()]
  for (const section of symbolTables(file)) {
    const strings = file.sections[section.link]
    if (!strings) continue
    const text = sectionBytes(file, strings)
    let left = namesPerText * text.length
    eachSymbol(file, section, (symbol) => {
      if (symbol.nameAt === 0 || left < 0) return
      const { name } = readVersioned(nameIn(text, symbol.nameAt))
      left -= name.length + 1
      if (isFunction(symbol)) defined.add(name)
      else if (symbol.section === 0) imported.add(name)
    })
  }
  return { defined: [...defined], imported: [...imported] }
}

const unversioned: SymbolVersion = { version: undefined, hidden: false }

/** TextDecoder takes ten times as long. */
function nameIn(text: Buffer, at: number): string {
  const end = text.indexOf(0, at)
  return text.toString('utf8', at, end < 0 ? text.length : end)
}

/** What linkers write, and users of names: `malloc@GLIBC_2.2.5`, or `malloc@@GLIBC_2.2.5` of the default one. */
export function readVersioned(text: string): { name: string } & SymbolVersion {
  const [, name = text, sign = '', version] = /^([^@]+)(@@?)(.+)$/.exec(text) ?? []
  return { name, version, hidden: sign === '@' }
}

function isFunction({ type, section, nameAt }: ElfSymbol): boolean {
  const named = type === STT_FUNC || type === STT_GNU_IFUNC
  return named && section !== 0 && section !== SHN_ABS && nameAt !== 0
}

/** Of an address: it is in what the file has the kernel map. */
function fileOffset({ segments }: ElfFile, address: number): number | undefined {
  const load = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && address >= start && address < start + fileSize,
  )
  return load && address - load.address + load.offset
}
