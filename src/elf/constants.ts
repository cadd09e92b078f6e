/** Numbers of the ELF format, named as in elf.h. */

export const EI_CLASS = 4
export const EI_DATA = 5
export const EI_VERSION = 6
export const ELFCLASS64 = 2
export const ELFDATA2LSB = 1
export const ELFDATA2MSB = 2
export const EV_CURRENT = 1

export const ET_REL = 1
export const EM_BPF = 247

/** Bytes of an Elf64_Ehdr, Elf64_Shdr, Elf64_Sym, Elf64_Rel and Elf64_Rela. */
export const EHDR_SIZE = 64
export const SHDR_SIZE = 64
export const SYM_SIZE = 24
export const REL_SIZE = 16
export const RELA_SIZE = 24

export const SHT_NULL = 0
export const SHT_PROGBITS = 1
export const SHT_SYMTAB = 2
export const SHT_STRTAB = 3
export const SHT_RELA = 4
export const SHT_NOBITS = 8
export const SHT_REL = 9
export const SHT_GROUP = 17
export const SHT_SYMTAB_SHNDX = 18
export const SHT_LLVM_ADDRSIG = 0x6fff4c03

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
/** The real index stands in the SHT_SYMTAB_SHNDX section, or in section 0 for the ELF header. */
export const SHN_XINDEX = 0xffff
/**
 * `ElfSymbol.section` of absolute and common symbols: the 16-bit number read as a signed one, so
 * that it clashes with no section of a file that has more than 65,279.
 */
export const SHN_ABS: number = 0xfff1 - 0x10000
export const SHN_COMMON: number = 0xfff2 - 0x10000

export const STB_NAMES = ['local', 'global', 'weak'] as const
export const STT_NAMES = ['notype', 'object', 'func', 'section', 'file', 'common', 'tls'] as const
export const STV_NAMES = ['default', 'internal', 'hidden', 'protected'] as const

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
