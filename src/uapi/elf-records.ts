import { SHN_XINDEX } from './elf.ts'

/**
 * The structs of elf.h: `size` in bytes, `word` the bytes of an address, the other fields by their offset in bytes. Every
 * reader and writer of ELF shares them. They are constants of their own so that bundles leave out what they do not use.
 */

export const Elf64_Ehdr = {
  size: 64,
  word: 8,
  e_type: 16,
  e_machine: 18,
  e_phoff: 32,
  e_shoff: 40,
  e_phentsize: 54,
  e_phnum: 56,
  e_shentsize: 58,
  e_shnum: 60,
  e_shstrndx: 62,
} as const
export const Elf32_Ehdr = {
  size: 52,
  word: 4,
  e_type: 16,
  e_machine: 18,
  e_phoff: 28,
  e_shoff: 32,
  e_phentsize: 42,
  e_phnum: 44,
  e_shentsize: 46,
  e_shnum: 48,
  e_shstrndx: 50,
} as const

export const Elf64_Phdr = {
  size: 56,
  word: 8,
  p_type: 0,
  p_offset: 8,
  p_vaddr: 16,
  p_filesz: 32,
} as const
export const Elf32_Phdr = {
  size: 32,
  word: 4,
  p_type: 0,
  p_offset: 4,
  p_vaddr: 8,
  p_filesz: 16,
} as const

export const Elf64_Shdr = {
  size: 64,
  word: 8,
  sh_name: 0,
  sh_type: 4,
  sh_flags: 8,
  sh_offset: 24,
  sh_size: 32,
  sh_link: 40,
  sh_info: 44,
  sh_addralign: 48,
  sh_entsize: 56,
} as const
export const Elf32_Shdr = {
  size: 40,
  word: 4,
  sh_name: 0,
  sh_type: 4,
  sh_flags: 8,
  sh_offset: 16,
  sh_size: 20,
  sh_link: 24,
  sh_info: 28,
  sh_addralign: 32,
  sh_entsize: 36,
} as const

export const Elf64_Sym = {
  size: 24,
  word: 8,
  st_name: 0,
  st_info: 4,
  st_other: 5,
  st_shndx: 6,
  st_value: 8,
  st_size: 16,
} as const
export const Elf32_Sym = {
  size: 16,
  word: 4,
  st_name: 0,
  st_info: 12,
  st_other: 13,
  st_shndx: 14,
  st_value: 4,
  st_size: 8,
} as const

export const Elf64_Rel = { size: 16, word: 8, r_offset: 0, r_info: 8 } as const
export const Elf64_Rela = { size: 24, word: 8, r_offset: 0, r_info: 8, r_addend: 16 } as const

/** The header of a note, the same in both classes. */
export const Elf_Nhdr = { size: 12, n_namesz: 0, n_descsz: 4, n_type: 8 } as const

/** Where each field of a struct lies, whatever the class of the file. */
type Fields<T> = { readonly [Field in keyof T]: number }

export interface FileHeader {
  /** ET_ */
  readonly type: number
  /** EM_ */
  readonly machine: number
  readonly sectionHeaders: RecordTable
  /** The index of the section that holds the sections' names, or SHN_XINDEX. */
  readonly namesIndex: number
}
/** An array of structs in the file. */
export interface RecordTable {
  /** Bytes from the start of the file; 0 when there is no table. */
  readonly offset: number
  /** Bytes. */
  readonly entrySize: number
  readonly count: number
}

export function readFileHeader(
  data: DataView,
  fields: Fields<typeof Elf64_Ehdr>,
  littleEndian: boolean,
): FileHeader {
  const half = (at: number): number => data.getUint16(at, littleEndian)
  return {
    type: half(fields.e_type),
    machine: half(fields.e_machine),
    sectionHeaders: {
      offset: readWord(data, fields.e_shoff, fields.word, littleEndian),
      entrySize: half(fields.e_shentsize),
      count: half(fields.e_shnum),
    },
    namesIndex: half(fields.e_shstrndx),
  }
}

export interface SectionHeader {
  /** Bytes into the table of section names. */
  readonly nameOffset: number
  /** SHT_ */
  readonly type: number
  /** SHF_ */
  readonly flags: number
  /** Bytes from the start of the file. */
  readonly offset: number
  /** Bytes, also of a NOBITS section, which has no data. */
  readonly size: number
  readonly link: number
  readonly info: number
  readonly align: number
  /** Bytes of one entry in a section that is a table. */
  readonly entrySize: number
}

export function readSectionHeader(
  data: DataView,
  at: number,
  fields: Fields<typeof Elf64_Shdr>,
  littleEndian: boolean,
): SectionHeader {
  const int = (field: number): number => data.getUint32(at + field, littleEndian)
  const word = (field: number): number => readWord(data, at + field, fields.word, littleEndian)
  return {
    nameOffset: int(fields.sh_name),
    type: int(fields.sh_type),
    flags: word(fields.sh_flags),
    offset: word(fields.sh_offset),
    size: word(fields.sh_size),
    link: int(fields.sh_link),
    info: int(fields.sh_info),
    align: word(fields.sh_addralign),
    entrySize: word(fields.sh_entsize),
  }
}

/** A file of 65,280 sections or more keeps their number, and the index of their names, in section 0. */
export function sectionNumbers(
  { sectionHeaders, namesIndex }: FileHeader,
  first: SectionHeader,
): { readonly count: number; readonly namesIndex: number } {
  return {
    count: sectionHeaders.count === 0 ? first.size : sectionHeaders.count,
    namesIndex: namesIndex === SHN_XINDEX ? first.link : namesIndex,
  }
}

/** The table of program headers, as the file header at the start of `data` has it. */
export function programHeaderTable(
  data: DataView,
  fields: Fields<typeof Elf64_Ehdr>,
  littleEndian: boolean,
): RecordTable {
  return {
    offset: readWord(data, fields.e_phoff, fields.word, littleEndian),
    entrySize: data.getUint16(fields.e_phentsize, littleEndian),
    count: data.getUint16(fields.e_phnum, littleEndian),
  }
}

export interface ProgramHeader {
  /** PT_ */
  readonly type: number
  /** Bytes from the start of the file. */
  readonly offset: number
  readonly address: number
  /** Bytes in the file. */
  readonly fileSize: number
}

export function readProgramHeader(
  data: DataView,
  at: number,
  fields: Fields<typeof Elf64_Phdr>,
  littleEndian: boolean,
): ProgramHeader {
  const word = (field: number): number => readWord(data, at + field, fields.word, littleEndian)
  return {
    type: data.getUint32(at + fields.p_type, littleEndian),
    offset: word(fields.p_offset),
    address: word(fields.p_vaddr),
    fileSize: word(fields.p_filesz),
  }
}

export interface SymbolRecord {
  /** Bytes into the table's strings. */
  readonly nameOffset: number
  /** STT_ */
  readonly type: number
  /** STB_ */
  readonly binding: number
  /** STV_ */
  readonly visibility: number
  /** The 16-bit section index, or SHN_. */
  readonly section: number
  /** Past 2^53 (kernel addresses) rounded. */
  readonly value: number
  /** Bytes. */
  readonly size: number
}

export function readSymbolRecord(
  data: DataView,
  at: number,
  fields: Fields<typeof Elf64_Sym>,
  littleEndian: boolean,
): SymbolRecord {
  const info = data.getUint8(at + fields.st_info)
  return {
    nameOffset: data.getUint32(at + fields.st_name, littleEndian),
    type: info & 15,
    binding: info >> 4,
    visibility: data.getUint8(at + fields.st_other) & 3,
    section: data.getUint16(at + fields.st_shndx, littleEndian),
    value: readWord(data, at + fields.st_value, fields.word, littleEndian),
    size: readWord(data, at + fields.st_size, fields.word, littleEndian),
  }
}

export interface RelocationRecord {
  /** Bytes from the start of the section that is relocated. */
  readonly offset: number
  readonly symbolIndex: number
  /** R_ of the file's machine. */
  readonly type: number
}

/** Reads an Elf64_Rel, or the start of an Elf64_Rela. */
export function readRelocationRecord(
  data: DataView,
  at: number,
  littleEndian: boolean,
): RelocationRecord {
  const info = at + Elf64_Rel.r_info
  return {
    offset: readWord(data, at + Elf64_Rel.r_offset, Elf64_Rel.word, littleEndian),
    symbolIndex: data.getUint32(relocationSymbolOffset(at, littleEndian), littleEndian),
    type: data.getUint32(littleEndian ? info : info + 4, littleEndian),
  }
}

/** The offset of the symbol's index (ELF64_R_SYM, the upper half of r_info) in the relocation at `at`. */
export function relocationSymbolOffset(at: number, littleEndian: boolean): number {
  return at + Elf64_Rel.r_info + (littleEndian ? 4 : 0)
}

/** 4 or 8 bytes as a number: exact to 2^53, rounded beyond, where no size or offset can lie anyway. */
export function readWord(data: DataView, at: number, size: number, littleEndian: boolean): number {
  if (size === 4) return data.getUint32(at, littleEndian)
  const low = data.getUint32(littleEndian ? at : at + 4, littleEndian)
  const high = data.getUint32(littleEndian ? at + 4 : at, littleEndian)
  return high * 2 ** 32 + low
}
