import { Elf64_Ehdr, Elf64_Shdr, readFileHeader } from '../uapi/elf-records.ts'
import { EI_CLASS, EI_DATA, ELFCLASS64, ELFDATA2LSB, ELFDATA2MSB } from '../uapi/elf.ts'
import { FormatError } from './format-error.ts'
import { describeNonElf, isElf } from './magic.ts'
import { readSections, type Section } from './sections.ts'
import { readSymbols, type ElfSymbol } from './symbols.ts'

export type { Section } from './sections.ts'
export type { ElfSymbol } from './symbols.ts'
export { relocations, type Relocation } from './relocations.ts'

/** A 64-bit ELF file. Its byte arrays are views of `bytes`, not copies. */
export interface Elf {
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  /** EM_: 247 is BPF. */
  readonly machine: number
  /** ET_: 1 is a relocatable object. */
  readonly type: number
  /** The sections by index; [0] is the null section. */
  readonly sections: readonly Section[]
  /** The index of the section that holds the sections' names; 0 when they have none. */
  readonly namesIndex: number
  /** The symbols of .symtab by index; [0] is the null symbol. */
  readonly symbols: readonly ElfSymbol[]
}

/** Reads an ELF64 file of either byte order. Throws FormatError when it is not well-formed. */
export function readElf(file: Uint8Array): Elf {
  // A Buffer would not do: its slice() makes no copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length)
  const littleEndian = readIdent(bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const header = readFileHeader(view, Elf64_Ehdr, littleEndian)
  const { machine, type, sectionHeaders } = header
  if (sectionHeaders.offset === 0)
    return { bytes, littleEndian, machine, type, sections: [], namesIndex: 0, symbols: [] }

  if (sectionHeaders.entrySize !== Elf64_Shdr.size) {
    const reason = `section headers of ${sectionHeaders.entrySize} bytes, ELF64 has ${Elf64_Shdr.size}`
    throw new FormatError('ELF', Elf64_Ehdr.e_shentsize, reason)
  }
  const { sections, namesIndex } = readSections(view, header, littleEndian)
  const symbols = readSymbols(sections, littleEndian)
  return { bytes, littleEndian, machine, type, sections, namesIndex, symbols }
}

function readIdent(bytes: Uint8Array): boolean {
  if (!isElf(bytes)) {
    const instead = describeNonElf(bytes) ?? 'it does not start with \\x7fELF'
    throw new FormatError('ELF', 0, `this is not an ELF file: ${instead}`)
  }
  if (bytes.length < Elf64_Ehdr.size) {
    throw new FormatError('ELF', bytes.length, 'the file ends inside its header')
  }
  if (bytes[EI_CLASS] !== ELFCLASS64) {
    throw new FormatError('ELF', EI_CLASS, 'this is a 32-bit file; BPF objects are 64-bit ELF')
  }
  const order = bytes[EI_DATA]
  if (order !== ELFDATA2LSB && order !== ELFDATA2MSB) {
    throw new FormatError('ELF', EI_DATA, `unknown byte order ${order}`)
  }
  return order === ELFDATA2LSB
}
