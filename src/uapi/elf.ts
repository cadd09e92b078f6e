/** Numbers of the ELF format, named as in elf.h. */

/** e_ident: the magic number, then bytes at these offsets. */
export const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const
export const EI_CLASS = 4
export const EI_DATA = 5
export const EI_VERSION = 6
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const EV_CURRENT = 1

export const ET_REL = 1
export const EM_BPF = 247

export const PT_LOAD = 1
export const PT_NOTE = 4

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_NOTE = 7
export const SHT_NOBITS = 8
export const SHT_REL = 9
export const SHT_DYNSYM = 11
export const SHT_GROUP = 17
export const SHT_SYMTAB_SHNDX = 18
export const SHT_LLVM_ADDRSIG = 0x6fff_4c03
export const SHT_GNU_verdef = 0x6fff_fffd
export const SHT_GNU_versym = 0x6fff_ffff

export const SHF_WRITE = 0x1
export const SHF_ALLOC = 0x2
export const SHF_EXECINSTR = 0x4
export const SHF_INFO_LINK = 0x40
export const SHF_COMPRESSED = 0x800

/** Elf64_Chdr.ch_type */
export const ELFCOMPRESS_ZLIB = 1
export const ELFCOMPRESS_ZSTD = 2

export const SHN_UNDEF = 0
/** From here on, a 16-bit section index means something else. */
export const SHN_LORESERVE = 0xff00
export const SHN_ABS = 0xfff1
export const SHN_COMMON = 0xfff2
/** The real index stands in the SHT_SYMTAB_SHNDX section, or in section 0 for the ELF header. */
export const SHN_XINDEX = 0xffff

export const STB_LOCAL = 0
export const STB_GLOBAL = 1
export const STB_WEAK = 2
/** Names by STB_ number. */
export const SYMBOL_BINDINGS = ['local', 'global', 'weak'] as const

export const STT_NOTYPE = 0
export const STT_OBJECT = 1
export const STT_FUNC = 2
export const STT_GNU_IFUNC = 10
/** Names by STT_ number. */
export const SYMBOL_TYPES = [
  'notype',
  'object',
  'func',
  'section',
  'file',
  'common',
  'tls',
] as const

/** Names by STV_ number. */
export const SYMBOL_VISIBILITIES = ['default', 'internal', 'hidden', 'protected'] as const

/** The type of a note whose owner is GNU. */
export const NT_GNU_BUILD_ID = 3
/** The type of a note that describes a USDT probe, whose owner is stapsdt (sys/sdt.h: _SDT_NOTE_TYPE). */
export const SDT_NOTE_TYPE = 3

/** Relocation types of BPF (llvm: ELFRelocs/BPF.def). */
export const R_BPF_NONE = 0
export const R_BPF_64_64 = 1
export const R_BPF_64_ABS64 = 2
export const R_BPF_64_ABS32 = 3
export const R_BPF_64_NODYLD32 = 4
export const R_BPF_64_32 = 10
/** As older binutils number them, and GCC's BPF back end with them (binutils: include/elf/bpf.h). */
export const R_BPF_DATA_32 = 11
export const R_BPF_DATA_64 = 12
