import { SHT_GNU_verdef, SHT_GNU_versym } from '../../uapi/elf.ts'
import type { ElfFile } from './elf-file.ts'
import { sectionBytes, viewOf } from './elf-file.ts'
import { readName } from './read-name.ts'

/** The version of a symbol in .dynsym, which may have several of one name (LSB: Symbol Versioning). */
export interface SymbolVersion {
  /** `GLIBC_2.2.5` for `malloc@GLIBC_2.2.5`. */
  readonly version: string | undefined
  /** Whether a linker finds it only when the version is named. */
  readonly hidden: boolean
}

/** VERSYM_HIDDEN, a bit of an entry of SHT_GNU_versym. */
const hiddenFlag = 0x8000
/** The most versions that are read. glibc has sixty. */
const maxVersions = 4096

/** Returns a function from a symbol's index in .dynsym to its version. */
export function symbolVersions(file: ElfFile): (index: number) => SymbolVersion {
  const versym = file.sections.find(({ type }) => type === SHT_GNU_versym)
  const table = versym ? sectionBytes(file, versym) : Buffer.alloc(0)
  const data = viewOf(table)
  const names = versionNames(file)
  return (index) => {
    const entry = 2 * index + 2 <= table.length ? data.getUint16(2 * index, file.littleEndian) : 0
    return { version: names.get(entry & ~hiddenFlag), hidden: (entry & hiddenFlag) !== 0 }
  }
}

/** The names of the versions that the file defines, by their number. */
function versionNames(file: ElfFile): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  const verdef = file.sections.find(({ type }) => type === SHT_GNU_verdef)
  const strings = verdef && file.sections[verdef.link]
  if (!verdef || !strings) return names
  const [table, text] = [sectionBytes(file, verdef), sectionBytes(file, strings)]
  const data = viewOf(table)
  const half = (at: number): number => data.getUint16(at, file.littleEndian)
  const int = (at: number): number => data.getUint32(at, file.littleEndian)
  // Elfxx_Verdef: version, flags, ndx, cnt, hash, aux, next. Elfxx_Verdaux: name, next.
  for (let entry = 0; entry + 20 <= table.length && names.size < maxVersions;) {
    const name = entry + int(entry + 12)
    if (name + 4 <= table.length) names.set(half(entry + 4), readName(text, int(name)))
    const next = int(entry + 16)
    if (next < 20) break
    entry += next
  }
  return names
}
