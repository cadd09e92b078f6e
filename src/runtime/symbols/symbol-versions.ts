import type { ElfFile, ElfSection } from './elf-file.ts'
import { fields, sectionBytes } from './elf-file.ts'
import { readName } from './read-name.ts'

/** The version of a symbol in .dynsym, which may have several of one name (LSB: Symbol Versioning). */
export interface SymbolVersion {
  /** `GLIBC_2.2.5` for `malloc@GLIBC_2.2.5`. */
  readonly version: string | undefined
  /** Whether a linker finds it only when the version is named. */
  readonly hidden: boolean
}

/** elf.h */
const SHT_GNU_verdef = 0x6fff_fffd
const SHT_GNU_versym = 0x6fff_ffff
/** Of an entry of SHT_GNU_versym: VERSYM_HIDDEN. */
const hiddenFlag = 0x8000
/** The most versions that are read. glibc has sixty. */
const maxVersions = 4096

/** Returns a function from a symbol's index in .dynsym to its version. */
export function symbolVersions(file: ElfFile): (index: number) => SymbolVersion {
  const versym = file.sections.find(({ type }) => type === SHT_GNU_versym)
  const table = versym ? sectionBytes(file, versym) : Buffer.alloc(0)
  const at = fields(table, file.wide, file.littleEndian)
  const names = versionNames(file)
  return (index) => {
    const entry = 2 * index + 2 <= table.length ? at.half(2 * index) : 0
    return { version: names.get(entry & ~hiddenFlag), hidden: (entry & hiddenFlag) !== 0 }
  }
}

/** The names of the versions that the file defines, by their number. */
function versionNames(file: ElfFile): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const verdef = file.sections.find(({ type }) => type === SHT_GNU_verdef)
  const strings: ElfSection | undefined = verdef && file.sections[verdef.link]
  if (!verdef || !strings) return names
  const [table, text] = [sectionBytes(file, verdef), sectionBytes(file, strings)]
  const at = fields(table, file.wide, file.littleEndian)
  // Elfxx_Verdef: version, flags, ndx, cnt, hash, aux, next. Elfxx_Verdaux: name, next.
  for (let entry = 0; entry + 20 <= table.length && names.size < maxVersions;) {
    const name = entry + at.int(entry + 12)
    if (name + 4 <= table.length) names.set(at.half(entry + 4), readName(text, at.int(name)))
    const next = at.int(entry + 16)
    if (next < 20) break
    entry += next
  }
  return names
}
