import {
  R_BPF_64_64,
  R_BPF_64_ABS32,
  R_BPF_64_ABS64,
  R_BPF_64_NODYLD32,
  REL_SIZE,
  SHT_RELA,
} from '../elf/constants.ts'
import type { Elf, Section } from '../elf/elf.ts'
import { FormatError } from '../elf/format-error.ts'
import { isRelocations, relocationEntries } from '../elf/relocations.ts'

/** The .debug_* sections, relocated; empty where the object has none. */
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

/** Throws FormatError when a relocation is unknown or reaches outside of its section. */
export function debugSections(elf: Elf): DebugSections {
  const data = (name: string): Uint8Array => {
    const section = elf.sections.find((section) => section.name === name)
    return section ? relocated(elf, section) : new Uint8Array()
  }
  return {
    littleEndian: elf.littleEndian,
    abbrev: data('.debug_abbrev'),
    info: data('.debug_info'),
    line: data('.debug_line'),
    lineStr: data('.debug_line_str'),
    macinfo: data('.debug_macinfo'),
    macro: data('.debug_macro'),
    str: data('.debug_str'),
    strOffsets: data('.debug_str_offsets'),
  }
}

/** The section's bytes with its relocations applied; copied only if that changes any. */
function relocated(elf: Elf, section: Section): Uint8Array {
  const tables = elf.sections.filter(
    (table) => isRelocations(table) && table.info === section.index && changesBytes(elf, table),
  )
  if (tables.length === 0) return section.data
  const data = section.data.slice()
  const view = new DataView(data.buffer)
  for (const table of tables) {
    const inPlace = table.type !== SHT_RELA
    for (const { offset, symbol, type, addend } of relocationEntries(elf, table)) {
      const size = relocatedSize(type)
      if (size === 0 || offset + size > data.length) {
        const reason = `cannot apply relocation type ${type} at byte ${offset} of ${section.name}`
        throw new FormatError('DWARF', Math.min(offset, data.length), reason)
      }
      const value = BigInt(symbol.value) + addend
      if (size === 4) {
        const before = inPlace ? view.getUint32(offset, elf.littleEndian) : 0
        view.setUint32(offset, Number(BigInt.asUintN(32, value)) + before, elf.littleEndian)
      } else {
        const before = inPlace ? view.getBigUint64(offset, elf.littleEndian) : 0n
        view.setBigUint64(offset, value + before, elf.littleEndian)
      }
    }
  }
  return data
}

/**
 * clang relocates every string of .debug_str_offsets against the section symbol of .debug_str, whose
 * value is 0, with the addend in place: thousands of entries that change nothing.
 */
function changesBytes(elf: Elf, table: Section): boolean {
  if (table.type === SHT_RELA) return true
  const view = new DataView(table.data.buffer, table.data.byteOffset, table.data.byteLength)
  for (let entry = 0; entry + REL_SIZE <= table.data.length; entry += REL_SIZE) {
    const symbol = view.getUint32(entry + (elf.littleEndian ? 12 : 8), elf.littleEndian)
    if (elf.symbols[symbol]?.value !== 0) return true
  }
  return false
}

/** Bytes that a relocation type of BPF changes in data (Documentation/bpf/llvm_reloc.rst). */
function relocatedSize(type: number): 0 | 4 | 8 {
  switch (type) {
    case R_BPF_64_64:
    case R_BPF_64_ABS64:
      return 8
    case R_BPF_64_ABS32:
    case R_BPF_64_NODYLD32:
      return 4
    default:
      return 0
  }
}
