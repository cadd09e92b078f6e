import type { SymbolRecord } from '../../uapi/elf-records.ts'
import { PT_LOAD, SHN_ABS, SHT_DYNSYM, STT_FUNC, STT_GNU_IFUNC } from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { sectionBytes } from './elf-file.ts'
import { eachSymbol, symbolTables } from './elf-symbol.ts'
import type { SymbolVersion } from './symbol-versions.ts'
import { symbolVersions } from './symbol-versions.ts'

/** A function that an ELF file defines. */
export interface ElfFunction extends SymbolVersion {
  /** The name without its version. */
  readonly name: string
  /** STB_ */
  readonly binding: number
  /** An STT_GNU_IFUNC, which the dynamic linker calls once to choose the function that is used. */
  readonly isIfunc: boolean
  /** Bytes from the start of the file. */
  readonly offset: number
}

export interface ElfFunctions {
  readonly matching: readonly ElfFunction[]
  /** The number of functions that the file defines, whether they match or not. */
  readonly count: number
}

/**
 * Finds functions in both symbol tables: stripped files have .dynsym alone, static ones .symtab alone.
 * @param isWanted decides by the name without its version, since programs have a hundred thousand functions
 */
export function elfFunctions(file: ElfFile, isWanted: (name: string) => boolean): ElfFunctions {
  const matching: ElfFunction[] = []
  let count = 0
  const versions = symbolVersions(file)
  for (const section of symbolTables(file)) {
    const strings = file.sections[section.link]
    if (!strings) continue
    const text = sectionBytes(file, strings)
    let budget = maxNameReuse * text.length
    eachSymbol(file, section, (symbol, index) => {
      if (!isFunction(symbol)) return
      count++
      const written = budget > 0 ? nameAt(text, symbol.nameOffset) : ''
      budget -= written.length
      const { name, ...version } = written.includes('@')
        ? parseVersionedName(written)
        : { name: written, ...unversioned }
      const offset = isWanted(name) ? fileOffset(file, symbol.value) : undefined
      if (offset === undefined) return
      const { binding, type } = symbol
      const symbolVersion = section.type === SHT_DYNSYM ? versions(index) : version
      matching.push({ name, binding, isIfunc: type === STT_GNU_IFUNC, offset, ...symbolVersion })
    })
  }
  return { matching, count }
}

/**
 * How many times as long as the string table all names together may be. Linkers share the ends of names; a hostile file
 * could have a million symbols share one long name.
 */
const maxNameReuse = 16

/** The names of the functions that a file defines, and of those that it imports from libraries. */
export function functionNames(file: ElfFile): { defined: string[]; imported: string[] } {
  const [defined, imported] = [new Set<string>(), new Set<string>()]
  for (const section of symbolTables(file)) {
    const strings = file.sections[section.link]
    if (!strings) continue
    const text = sectionBytes(file, strings)
    let budget = maxNameReuse * text.length
    eachSymbol(file, section, (symbol) => {
      if (symbol.nameOffset === 0 || budget < 0) return
      const { name } = parseVersionedName(nameAt(text, symbol.nameOffset))
      budget -= name.length + 1
      if (isFunction(symbol)) defined.add(name)
      else if (symbol.section === 0) imported.add(name)
    })
  }
  return { defined: [...defined], imported: [...imported] }
}

const unversioned: SymbolVersion = { version: undefined, hidden: false }

/** Reads a NUL-terminated string. TextDecoder takes ten times as long. */
function nameAt(text: Buffer, offset: number): string {
  const end = text.indexOf(0, offset)
  return text.toString('utf8', offset, end < 0 ? text.length : end)
}

/** Splits a name as linkers and users write it: `malloc@GLIBC_2.2.5`, or `malloc@@GLIBC_2.2.5` for the default version. */
export function parseVersionedName(text: string): { name: string } & SymbolVersion {
  const [, name = text, sign = '', version] = /^([^@]+)(@@?)(.+)$/.exec(text) ?? []
  return { name, version, hidden: sign === '@' }
}

function isFunction({ type, section, nameOffset }: SymbolRecord): boolean {
  const isCode = type === STT_FUNC || type === STT_GNU_IFUNC
  return isCode && section !== 0 && section !== SHN_ABS && nameOffset !== 0
}

/** The offset in the file of an address; undefined when no PT_LOAD segment holds it. */
function fileOffset({ segments }: ElfFile, address: number): number | undefined {
  const load = segments.find(
    ({ type, address: start, fileSize }) =>
      type === PT_LOAD && address >= start && address < start + fileSize,
  )
  return load && address - load.address + load.offset
}
