import type { ElfFile, ElfSection } from './elf-file.ts'
import { fields, sectionBytes } from './elf-file.ts'
import { readName } from './strings.ts'

/** Of one of several symbols of a name in .dynsym (LSB: Symbol Versioning). */
export interface SymbolVersion {
  /** `GLIBC_2.2.5` of `malloc@GLIBC_2.2.5`. */
  readonly version: string | undefined
  /** Only found by those who name the version. */
  readonly hidden: boolean
}

/** elf.h */
const SHT_GNU_verdef = 0x6fff_fffd
const SHT_GNU_versym = 0x6fff_ffff
const hiddenFlag = 0x8000
/** glibc has sixty. */
const mostVersions = 4096

/** By a symbol's index in .dynsym. */
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

/** Of the versions that the file defines, by their number. */
function versionNames(file: ElfFile): ReadonlyMap<number, string> {
  const found = new Map<number, string>()
  const verdef = file.sections.find(({ type }) => type === SHT_GNU_verdef)
  const strings: ElfSection | undefined = verdef && file.sections[verdef.link]
  if (!verdef || !strings) return found
  const [table, text] = [sectionBytes(file, verdef), sectionBytes(file, strings)]
  const at = fields(table, file.wide, file.littleEndian)
  // Elfxx_Verdef: version, flags, ndx, cnt, hash, aux, next. Elfxx_Verdaux: name, next.
  for (let entry = 0; entry + 20 <= table.length && found.size < mostVersions;) {
    const name = entry + at.int(entry + 12)
    if (name + 4 <= table.length) found.set(at.half(entry + 4), readName(text, at.int(name)))
    const next = at.int(entry + 16)
    if (next < 20) break
    entry += next
  }
  return found
}
