import { closeFile, constants, openFile, readInto, statOf } from '../host/files.ts'

/** The bytes of a file or of memory. A read past the end returns fewer bytes. */
export interface ByteSource {
  readonly size: number
  /** The most bytes that one table may take: a sparse file claims more than it has on the disk. */
  readonly maxTableSize: number
  read(offset: number, length: number): Buffer
}

export interface ElfSection {
  readonly nameOffset: number
  readonly type: number
  /** Bytes in the file, from its start. */
  readonly offset: number
  readonly size: number
  /** sh_link. A symbol table has the index of its string table there. */
  readonly link: number
}

/** A program header: a part of the file that is mapped, or that holds notes. */
export interface ElfSegment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
}

/** The headers of an ELF file, of 32 or 64 bits and either byte order. */
export interface ElfFile {
  readonly bytes: ByteSource
  /** Whether it is ELFCLASS64. */
  readonly wide: boolean
  readonly littleEndian: boolean
  readonly segments: readonly ElfSegment[]
  readonly sections: readonly ElfSection[]
  /** The index of the section that holds the names of sections. */
  readonly shstrndx: number
}

/** elf.h */
export const PT_LOAD = 1
export const PT_NOTE = 4
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
  const header = bytes.read(0, 64)
  if (header.length < 52 || header.readUInt32BE(0) !== 0x7f454c46) return undefined
  const [wide, littleEndian] = [header[4] === 2, header[5] === 1]
  if (wide && header.length < 64) return undefined
  const at = fields(header, wide, littleEndian)
  const [segmentsAt, sectionsAt] = wide ? [at.word(32), at.word(40)] : [at.word(28), at.word(32)]
  const counts = wide ? 54 : 42
  const table = (offset: number, entry: number, count: number): Buffer[] => {
    const raw = bytes.read(offset, entry * count)
    return entry === 0
      ? []
      : Array.from({ length: Math.floor(raw.length / entry) }, (_, index) =>
          raw.subarray(index * entry, (index + 1) * entry),
        )
  }
  const segments = table(segmentsAt, at.half(counts), at.half(counts + 2))
  const sections = table(sectionsAt, at.half(counts + 4), at.half(counts + 6))
  return {
    bytes,
    wide,
    littleEndian,
    segments: segments
      .filter((raw) => raw.length >= (wide ? 56 : 32))
      .map((raw) => segment(fields(raw, wide, littleEndian), wide)),
    sections: sections
      .filter((raw) => raw.length >= (wide ? 64 : 40))
      .map((raw) => section(fields(raw, wide, littleEndian), wide)),
    shstrndx: at.half(counts + 8),
  }
}

export function sectionBytes(file: ElfFile, { offset, size }: ElfSection): Buffer {
  return size > file.bytes.maxTableSize ? Buffer.alloc(0) : file.bytes.read(offset, size)
}

interface Fields {
  half(offset: number): number
  int(offset: number): number
  /** Reads 64 or 32 bits, by the file's class. A value above 2^53 is rounded. */
  word(offset: number): number
}

export function fields(raw: Buffer, wide: boolean, littleEndian: boolean): Fields {
  const data = new DataView(raw.buffer, raw.byteOffset, raw.length)
  return {
    half: (offset) => data.getUint16(offset, littleEndian),
    int: (offset) => data.getUint32(offset, littleEndian),
    word: (offset) =>
      wide ? Number(data.getBigUint64(offset, littleEndian)) : data.getUint32(offset, littleEndian),
  }
}

/** Elf64_Phdr or Elf32_Phdr. */
function segment(at: Fields, wide: boolean): ElfSegment {
  return {
    type: at.int(0),
    offset: at.word(wide ? 8 : 4),
    address: at.word(wide ? 16 : 8),
    fileSize: at.word(wide ? 32 : 16),
  }
}

/** Elf64_Shdr or Elf32_Shdr. */
function section(at: Fields, wide: boolean): ElfSection {
  return {
    nameOffset: at.int(0),
    type: at.int(4),
    offset: at.word(wide ? 24 : 16),
    size: at.word(wide ? 32 : 20),
    link: at.int(wide ? 40 : 24),
  }
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
