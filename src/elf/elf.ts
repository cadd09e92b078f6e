import {
  EHDR_SIZE,
  EI_CLASS,
  EI_DATA,
  ELFCLASS64,
  ELFDATA2LSB,
  ELFDATA2MSB,
  SHDR_SIZE,
} from './constants.ts'
import { Cursor } from './cursor.ts'
import { FormatError } from './format-error.ts'
import { describeNonElf, isElf } from './magic.ts'
import { readSections, type Section } from './sections.ts'
import { readSymbols, type ElfSymbol } from './symbols.ts'

export type { Section } from './sections.ts'
export type { ElfSymbol } from './symbols.ts'
export { relocations, type Relocation } from './relocations.ts'

/** A 64-bit ELF file. Its byte arrays are windows into `bytes`, not copies. */
export interface Elf {
  readonly bytes: Uint8Array
  readonly littleEndian: boolean
  /** EM_: 247 is BPF. */
  readonly machine: number
  /** ET_: 1 is a relocatable object. */
  readonly type: number
  /** By section index; [0] is the null section. */
  readonly sections: readonly Section[]
  /** The section that holds the sections' names, 0: they have none. */
  readonly namesIndex: number
  /** Of .symtab, by symbol index; [0] is the null symbol. */
  readonly symbols: readonly ElfSymbol[]
}

/** Throws FormatError for anything but a well-formed ELF64 file of either byte order. */
export function readElf(file: Uint8Array): Elf {
  // Not a Buffer, whose slice() makes no copy.
  const bytes = new Uint8Array(file.buffer, file.byteOffset, file.length)
  const littleEndian = readIdent(bytes)
  const header = new Cursor(bytes, 'ELF', littleEndian, 16)
  const type = header.u16()
  const machine = header.u16()
  header.seek(40)
  const tableOffset = header.word()
  header.seek(58)
  const headerSize = header.u16()
  const count = header.u16()
  const names = header.u16()
  if (tableOffset === 0)
    return { bytes, littleEndian, machine, type, sections: [], namesIndex: 0, symbols: [] }

  if (headerSize !== SHDR_SIZE) {
    header.fail(`section headers of ${headerSize} bytes, ELF64 has ${SHDR_SIZE}`, 58)
  }
  const table = new Cursor(bytes, 'ELF', littleEndian, EHDR_SIZE)
  table.seek(tableOffset)
  const { sections, namesIndex } = readSections(table, count, names)
  const symbols = readSymbols(sections, littleEndian)
  return { bytes, littleEndian, machine, type, sections, namesIndex, symbols }
}

function readIdent(bytes: Uint8Array): boolean {
  if (!isElf(bytes)) {
    const instead = describeNonElf(bytes) ?? 'it does not start with \\x7fELF'
    throw new FormatError('ELF', 0, `this is no ELF file, ${instead}`)
  }
  if (bytes.length < EHDR_SIZE) {
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
