import {
  Elf32_Ehdr,
  Elf32_Phdr,
  Elf32_Shdr,
  Elf64_Ehdr,
  Elf64_Phdr,
  Elf64_Shdr,
  type ProgramHeader,
  programHeaderTable,
  readFileHeader,
  readProgramHeader,
  readSectionHeader,
  type RecordTable,
  type SectionHeader,
  sectionNumbers,
} from '../../uapi/elf-records.ts'
import { EI_CLASS, EI_DATA, ELF_MAGIC, ELFCLASS64, ELFDATA2LSB } from '../../uapi/elf.ts'
import { closeFile, constants, openFile, readInto, statOf } from '../host/files.ts'

/** The bytes of a file or of memory. A read past the end returns fewer bytes. */
export interface ByteSource {
  readonly size: number
  /** The most bytes that one table may take: a sparse file claims more than it has on the disk. */
  readonly maxTableSize: number
  read(offset: number, length: number): Buffer
}

/** The headers of an ELF file, of 32 or 64 bits and either byte order. */
export interface ElfFile {
  readonly bytes: ByteSource
  /** Whether it is ELFCLASS64. */
  readonly wide: boolean
  readonly littleEndian: boolean
  readonly segments: readonly ProgramHeader[]
  readonly sections: readonly SectionHeader[]
  /** The index of the section that holds the names of sections. */
  readonly shstrndx: number
}

/** Bytes that a table may take in any file: 700,000 symbols. */
const minTableLimit = 1 << 24
/** Bytes of the longest table that is read: the symbol names of a browser that is not stripped. */
const maxTableLimit = 1 << 28
/** How many times smaller a file may be on a file system that compresses. */
const maxCompressionRatio = 16

/**
 * Reads the headers; returns undefined when it is not an ELF file. A table that reaches past the end of the file is read
 * up to there.
 */
export function readElfFile(bytes: ByteSource): ElfFile | undefined {
  const start = bytes.read(0, Elf64_Ehdr.size)
  if (!ELF_MAGIC.every((byte, index) => start[index] === byte)) return undefined
  const wide = start[EI_CLASS] === ELFCLASS64
  const littleEndian = start[EI_DATA] === ELFDATA2LSB
  const [ehdr, phdr, shdr] = wide
    ? ([Elf64_Ehdr, Elf64_Phdr, Elf64_Shdr] as const)
    : ([Elf32_Ehdr, Elf32_Phdr, Elf32_Shdr] as const)
  if (start.length < ehdr.size) return undefined
  const view = viewOf(start)
  const header = readFileHeader(view, ehdr, littleEndian)
  const segments = programHeaderTable(view, ehdr, littleEndian)
  const sections = (table: RecordTable): SectionHeader[] =>
    records(bytes, table, shdr.size, (data, at) => readSectionHeader(data, at, shdr, littleEndian))
  const [first] = sections({ ...header.sectionHeaders, count: 1 })
  const { count, namesIndex } = first ? sectionNumbers(header, first) : { count: 0, namesIndex: 0 }
  return {
    bytes,
    wide,
    littleEndian,
    segments: records(bytes, segments, phdr.size, (data, at) =>
      readProgramHeader(data, at, phdr, littleEndian),
    ),
    sections: sections({ ...header.sectionHeaders, count }),
    shstrndx: namesIndex,
  }
}

/** Reads the whole ones of a table, each at least `size` bytes long; none of a table that is longer than any real one. */
function records<T>(
  bytes: ByteSource,
  { offset, entrySize, count }: RecordTable,
  size: number,
  read: (data: DataView, at: number) => T,
): T[] {
  if (offset === 0 || entrySize < size || entrySize * count > bytes.maxTableSize) return []
  const raw = bytes.read(offset, entrySize * count)
  const data = viewOf(raw)
  return Array.from({ length: Math.floor(raw.length / entrySize) }, (_, index) =>
    read(data, index * entrySize),
  )
}

export function sectionBytes(file: ElfFile, { offset, size }: SectionHeader): Buffer {
  return size > file.bytes.maxTableSize ? Buffer.alloc(0) : file.bytes.read(offset, size)
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

export function bufferSource(buffer: Buffer): ByteSource {
  return {
    size: buffer.length,
    maxTableSize: buffer.length,
    read: (offset, length) => buffer.subarray(offset, offset + length),
  }
}

/** What identifies a file's content, as far as the file system knows. */
export interface OpenedFile {
  readonly key: string
  readonly inode: number
  readonly bytes: ByteSource
}

/** Runs `use` with a regular file, then closes it. Returns undefined when there is none that can be read. */
export function withFile<R>(path: string, use: (file: OpenedFile) => R): R | undefined {
  let fd: number
  try {
    // The path may be a FIFO, whose open would wait for a writer.
    fd = openFile(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch {
    return undefined
  }
  try {
    const file = openedFile(fd)
    return file && use(file)
  } finally {
    closeFile(fd)
  }
}

/** Returns undefined when the descriptor is not of a regular file. */
export function openedFile(fd: number): OpenedFile | undefined {
  const stat = statOf(fd)
  if (!stat.isFile()) return undefined
  const { size } = stat
  return {
    key: `${stat.dev}:${stat.ino}:${size}:${stat.mtimeMs}`,
    inode: stat.ino,
    bytes: {
      size,
      maxTableSize: tableLimit(stat.blocks * 512),
      read: (offset, length) => readAt(fd, offset, length, size),
    },
  }
}

/** Bounds what is allocated by what is on the disk: a sparse file of 4 kB can claim any size. */
function tableLimit(bytesOnDisk: number): number {
  return Math.min(maxTableLimit, Math.max(minTableLimit, maxCompressionRatio * bytesOnDisk))
}

function readAt(fd: number, offset: number, length: number, size: number): Buffer {
  const wanted = Math.max(0, Math.min(length, size - offset))
  const buffer = Buffer.alloc(wanted)
  let got = 0
  while (got < wanted) {
    const more = readInto(fd, buffer.subarray(got), offset + got)
    if (more === 0) break
    got += more
  }
  return buffer.subarray(0, got)
}
