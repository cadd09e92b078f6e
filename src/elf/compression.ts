import * as zlib from 'node:zlib'

import { ELFCOMPRESS_ZLIB, ELFCOMPRESS_ZSTD, SHF_COMPRESSED } from '../uapi/elf.ts'
import { Cursor } from './cursor.ts'
import { FormatError } from './format-error.ts'
import type { Section } from './sections.ts'

/** The most bytes of all decompressed sections of one file. The DWARF of a vmlinux.h takes 8 MB. */
const MAX_TOTAL = 256 << 20

/** Returns the content of a section of debug information, decompressed if need be. Throws FormatError. */
export type ReadContent = (section: Section) => Uint8Array

/** Returns a reader for the sections of one file, which limits their size together. */
export function decompression(littleEndian: boolean): ReadContent {
  let budget = MAX_TOTAL
  return (section) => {
    const compressed = compressedContent(section, littleEndian)
    if (!compressed) return section.data
    const { size } = compressed
    if (size > budget) {
      fail(section, `decompressed it would have ${size} bytes, more than are read (${budget})`)
    }
    budget -= size
    return decompress(section, compressed)
  }
}

interface Compressed {
  readonly type: number
  /** Bytes when decompressed. */
  readonly size: number
  readonly data: Uint8Array
}

/**
 * Reads the Elf64_Chdr that `clang -gz` writes, or the older form of GNU's tools: a name that starts with .zdebug_ and content
 * that starts with ZLIB. Undefined for a section that is not compressed.
 */
function compressedContent(section: Section, littleEndian: boolean): Compressed | undefined {
  const { data, flags, name } = section
  if ((flags & SHF_COMPRESSED) !== 0) {
    const header = new Cursor(data, 'DWARF', littleEndian)
    const type = header.u32()
    header.skip(4)
    const size = header.word()
    header.skip(8)
    return { type, size, data: data.subarray(header.offset) }
  }
  if (!name.startsWith('.zdebug_')) return undefined
  const header = new Cursor(data, 'DWARF', false)
  if (header.u32() !== 0x5a4c_4942) fail(section, 'it does not start with ZLIB')
  return { type: ELFCOMPRESS_ZLIB, size: header.word(), data: data.subarray(header.offset) }
}

function decompress(section: Section, { type, size, data }: Compressed): Uint8Array {
  if (size === 0) return new Uint8Array()
  const run = decompressors(type, section)
  let content: Buffer
  try {
    content = run(data, { maxOutputLength: size })
  } catch (error) {
    return fail(section, `it cannot be decompressed: ${String(error)}`)
  }
  if (content.length !== size) {
    fail(section, `it has ${content.length} bytes when decompressed, not ${size}`)
  }
  return new Uint8Array(content.buffer, content.byteOffset, content.length)
}

type Decompress = (data: Uint8Array, options: { readonly maxOutputLength: number }) => Buffer

function decompressors(type: number, section: Section): Decompress {
  if (type === ELFCOMPRESS_ZLIB) return zlib.inflateSync
  if (type !== ELFCOMPRESS_ZSTD) return fail(section, `it is compressed in unknown form ${type}`)
  // Node 20 does not have it, though the types say so.
  const { zstdDecompressSync } = zlib as typeof zlib & { readonly zstdDecompressSync?: Decompress }
  const reason = `it is compressed with zstd, which Node ${process.versions.node} cannot read: use Node 22.15 or newer, or compile without -gz=zstd`
  return zstdDecompressSync ?? fail(section, reason)
}

function fail({ name }: Section, reason: string): never {
  throw new FormatError('DWARF', 0, `section ${name}: ${reason}`)
}
