import type { SourceLine } from './error.ts'

/** Where a function's instructions are. */
interface FunctionPlace {
  section: string
  /** Index of its first instruction in the section. */
  first: number
  instructions: number
}

export interface LineInfo {
  /** By C name. */
  functions: Map<string, FunctionPlace>
  /** In the order of the object. */
  all: readonly SourceLine[]
  /** Of an instruction of a section: the line that begins at or before it. */
  at(section: string, instruction: number): SourceLine | undefined
}

const bytesPerInstruction = 8
const sectionHeaderSize = 64
const symbolSize = 24
const symbolTable = 2
const functionSymbol = 2

/**
 * Only what a verifier error needs of ELF and BTF.ext, so that an agent's bundle carries no more of the formats. The
 * object is one that libbpf has opened; what cannot be read gives no lines.
 */
export function readLineInfo(object: Uint8Array): LineInfo {
  const functions = new Map<string, FunctionPlace>()
  const bySection = new Map<string, { instruction: number; source: SourceLine }[]>()
  try {
    read(new DataView(object.buffer, object.byteOffset, object.byteLength), functions, bySection)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  return {
    functions,
    all: [...bySection.values()].flat().map(({ source }) => source),
    at(section, instruction) {
      const lines = bySection.get(section) ?? []
      return lines.findLast((line) => line.instruction <= instruction)?.source
    },
  }
}

function read(
  elf: DataView,
  functions: Map<string, FunctionPlace>,
  bySection: Map<string, { instruction: number; source: SourceLine }[]>,
): void {
  const header = Number(elf.getBigUint64(40, true))
  const count = elf.getUint16(60, true)
  const sections = Array.from({ length: count }, (_, index) => {
    const at = header + index * sectionHeaderSize
    return {
      name: elf.getUint32(at, true),
      type: elf.getUint32(at + 4, true),
      offset: Number(elf.getBigUint64(at + 24, true)),
      size: Number(elf.getBigUint64(at + 32, true)),
      link: elf.getUint32(at + 40, true),
    }
  })
  const names = sections[elf.getUint16(62, true)]?.offset ?? 0
  const named = (name: string): { offset: number; size: number } | undefined =>
    sections.find((section) => text(elf, names + section.name) === name)

  for (const { type, offset, size, link } of sections) {
    if (type !== symbolTable) continue
    const strings = sections[link]?.offset ?? 0
    for (let at = offset; at < offset + size; at += symbolSize) {
      const section = sections[elf.getUint16(at + 6, true)]
      if ((elf.getUint8(at + 4) & 0xf) !== functionSymbol || !section) continue
      functions.set(text(elf, strings + elf.getUint32(at, true)), {
        section: text(elf, names + section.name),
        first: Number(elf.getBigUint64(at + 8, true)) / bytesPerInstruction,
        instructions: Number(elf.getBigUint64(at + 16, true)) / bytesPerInstruction,
      })
    }
  }

  const btf = named('.BTF')?.offset
  const ext = named('.BTF.ext')?.offset
  if (btf === undefined || ext === undefined) return
  const strings = btf + elf.getUint32(btf + 4, true) + elf.getUint32(btf + 16, true)
  // struct btf_ext_header (linux/btf.h of libbpf): line_info_off at 16, its length at 20.
  const start = ext + elf.getUint32(ext + 4, true) + elf.getUint32(ext + 16, true)
  const end = start + elf.getUint32(ext + 20, true)
  const recordSize = elf.getUint32(start, true)
  for (let at = start + 4; at < end;) {
    const section = text(elf, strings + elf.getUint32(at, true))
    const records = elf.getUint32(at + 4, true)
    at += 8
    const lines = Array.from({ length: records }, (_, index) => {
      const record = at + index * recordSize
      const position = elf.getUint32(record + 12, true)
      return {
        instruction: elf.getUint32(record, true) / bytesPerInstruction,
        source: {
          file: text(elf, strings + elf.getUint32(record + 4, true)).replace(/^\.\//, ''),
          line: position >>> 10,
          column: position & 0x3ff,
          text: text(elf, strings + elf.getUint32(record + 8, true)),
        },
      }
    })
    bySection.set(section, lines)
    at += records * recordSize
  }
}

function text(elf: DataView, at: number): string {
  let end = at
  while (elf.getUint8(end) !== 0) end++
  return new TextDecoder().decode(new Uint8Array(elf.buffer, elf.byteOffset + at, end - at))
}
