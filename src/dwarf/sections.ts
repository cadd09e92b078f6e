import { decompression } from '../elf/compression.ts'
import type { Elf, Section } from '../elf/elf.ts'
import { FormatError } from '../elf/format-error.ts'
import { isRelocations, relocationEntries } from '../elf/relocations.ts'
import { Elf64_Rel, readRelocationRecord } from '../uapi/elf-records.ts'
import { SHT_RELA } from '../uapi/elf.ts'
import { relocatedSize } from './relocated-size.ts'

/** The .debug_* sections, decompressed and relocated; empty where the object has none. */
export interface DebugSections {
  readonly littleEndian: boolean
  readonly abbrev: Uint8Array
  readonly info: Uint8Array
  readonly line: Uint8Array
  readonly lineStr: Uint8Array
  readonly macinfo: Uint8Array
  readonly macro: Uint8Array
  readonly str: Uint8Array
  readonly strOffsets: Uint8Array
}

/**
 * Reads the .debug_* sections. Throws FormatError when one cannot be decompressed, or when a relocation is unknown or reaches
 * outside of its section.
 */
export function debugSections(elf: Elf): DebugSections {
  const pieces = readDebugSections(elf)
  const data = (name: string): Uint8Array => {
    const named = [...pieces.values()].filter((piece) => piece.name === name)
    return joined(named.map((piece) => relocated(elf, piece, pieces)))
  }
  return {
    littleEndian: elf.littleEndian,
    abbrev: data('abbrev'),
    info: data('info'),
    line: data('line'),
    lineStr: data('line_str'),
    macinfo: data('macinfo'),
    macro: data('macro'),
    str: data('str'),
    strOffsets: data('str_offsets'),
  }
}

/** A section of debug information. GCC writes several .debug_macro sections, which a linker would join. */
interface DebugSection {
  readonly section: Section
  /** The name without `.debug_`. */
  readonly name: string
  readonly content: Uint8Array
  /** The bytes of the sections of this name that come before it. */
  readonly base: number
}

type DebugSectionsByIndex = ReadonlyMap<number, DebugSection>

const WANTED = /^\.z?debug_(abbrev|info|line|line_str|macinfo|macro|str|str_offsets)$/

/** Reads the debug sections, by section index. */
function readDebugSections(elf: Elf): DebugSectionsByIndex {
  const contentOf = decompression(elf.littleEndian)
  const pieces = new Map<number, DebugSection>()
  const sizes = new Map<string, number>()
  for (const section of elf.sections) {
    const name = WANTED.exec(section.name)?.[1]
    if (name === undefined) continue
    const content = contentOf(section)
    const base = sizes.get(name) ?? 0
    sizes.set(name, base + content.length)
    pieces.set(section.index, { section, name, content, base })
  }
  return pieces
}

function joined(contents: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(), ...others] = contents
  if (others.length === 0) return first
  const data = new Uint8Array(contents.reduce((size, { length }) => size + length, 0))
  let offset = 0
  for (const content of contents) {
    data.set(content, offset)
    offset += content.length
  }
  return data
}

/** Returns the content with its relocations applied. It is a copy only if they change anything. */
function relocated(
  elf: Elf,
  { section, content }: DebugSection,
  pieces: DebugSectionsByIndex,
): Uint8Array {
  const tables = elf.sections.filter(
    (table) =>
      isRelocations(table) && table.info === section.index && changesBytes(elf, table, pieces),
  )
  if (tables.length === 0) return content
  const data = content.slice()
  const view = new DataView(data.buffer)
  for (const table of tables) {
    const inPlace = table.type !== SHT_RELA
    for (const { offset, symbol, type, addend } of relocationEntries(elf, table)) {
      const size = relocatedSize(type)
      if (size === undefined || offset + size > data.length) {
        const reason = `cannot apply relocation type ${type} at byte ${offset} of ${section.name}`
        throw new FormatError('DWARF', Math.min(offset, data.length), reason)
      }
      const base = pieces.get(symbol.section)?.base ?? 0
      const value = BigInt(symbol.value + base) + addend
      if (size === 4) {
        const before = inPlace ? view.getUint32(offset, elf.littleEndian) : 0
        view.setUint32(offset, Number(BigInt.asUintN(32, value)) + before, elf.littleEndian)
      } else if (size === 8) {
        const before = inPlace ? view.getBigUint64(offset, elf.littleEndian) : 0n
        view.setBigUint64(offset, value + before, elf.littleEndian)
      }
    }
  }
  return data
}

/**
 * Returns whether relocations change anything. clang relocates every string of .debug_str_offsets against the section symbol
 * of .debug_str, whose value is 0: thousands of entries without effect.
 */
function changesBytes(elf: Elf, table: Section, pieces: DebugSectionsByIndex): boolean {
  if (table.type === SHT_RELA) return true
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength)
  for (let at = 0; at + Elf64_Rel.size <= table.data.length; at += Elf64_Rel.size) {
    const symbol = elf.symbols[readRelocationRecord(view, at, elf.littleEndian).symbolIndex]
    if (symbol?.value !== 0 || (pieces.get(symbol.section)?.base ?? 0) !== 0) return true
  }
  return false
}
