import { Elf64_Ehdr, Elf64_Shdr } from '../uapi/elf-records.ts'
import { SHT_NOBITS } from '../uapi/elf.ts'
import type { Elf, Section } from './elf.ts'
import { FormatError } from './format-error.ts'

/** A section to be written. Its offset and index are assigned by the writer. */
export interface OutputSection extends Section {
  /** Bytes into the table of section names. */
  readonly nameOffset: number
}

/**
 * Writes a file with the header of `elf` and these sections, of which [0] is the null section. Throws FormatError for a section
 * that was not aligned as it says: a hostile alignment could take any amount of memory.
 */
export function writeElf(
  elf: Elf,
  sections: readonly OutputSection[],
  namesIndex: number,
): Uint8Array {
  let end = Elf64_Ehdr.size
  const offsets = sections.map((section) => {
    if (section.index === 0) return 0
    if (section.data.length === 0) return end
    if (section.align > 1 && section.offset % section.align !== 0) {
      const reason = `section ${section.index} does not lie on a multiple of ${section.align} bytes`
      throw new FormatError('ELF', section.offset, reason)
    }
    const start = roundUp(end, section.align)
    end = start + section.data.length
    return start
  })
  const table = roundUp(end, 8)
  const out = new Uint8Array(table + sections.length * Elf64_Shdr.size)
  const view = new DataView(out.buffer)
  out.set(elf.bytes.subarray(0, Elf64_Ehdr.size))
  view.setBigUint64(Elf64_Ehdr.e_shoff, BigInt(table), elf.littleEndian)
  view.setUint16(Elf64_Ehdr.e_shnum, sections.length, elf.littleEndian)
  view.setUint16(Elf64_Ehdr.e_shstrndx, namesIndex, elf.littleEndian)
  for (const [index, section] of sections.entries()) {
    const offset = offsets[index] ?? 0
    out.set(section.data, offset)
    writeHeader(view, table + index * Elf64_Shdr.size, section, offset, elf.littleEndian)
  }
  return out
}

function writeHeader(
  view: DataView,
  at: number,
  section: OutputSection,
  offset: number,
  littleEndian: boolean,
): void {
  const size = section.type === SHT_NOBITS ? section.size : section.data.length
  view.setUint32(at + Elf64_Shdr.sh_name, section.nameOffset, littleEndian)
  view.setUint32(at + Elf64_Shdr.sh_type, section.type, littleEndian)
  view.setBigUint64(at + Elf64_Shdr.sh_flags, BigInt(section.flags), littleEndian)
  view.setBigUint64(at + Elf64_Shdr.sh_offset, BigInt(offset), littleEndian)
  view.setBigUint64(at + Elf64_Shdr.sh_size, BigInt(size), littleEndian)
  view.setUint32(at + Elf64_Shdr.sh_link, section.link, littleEndian)
  view.setUint32(at + Elf64_Shdr.sh_info, section.info, littleEndian)
  view.setBigUint64(at + Elf64_Shdr.sh_addralign, BigInt(section.align), littleEndian)
  view.setBigUint64(at + Elf64_Shdr.sh_entsize, BigInt(section.entrySize), littleEndian)
}

/** Rounds up to an alignment. 0 and 1 both mean none. */
function roundUp(offset: number, align: number): number {
  return align > 1 ? Math.ceil(offset / align) * align : offset
}
