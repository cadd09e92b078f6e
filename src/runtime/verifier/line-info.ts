import type { SourceLine } from './error.ts'
import { type ObjectFile, textAt } from './object-file.ts'

/** An instruction of a section, and the C that it and those after it were compiled from. */
export interface LineInfo {
  /** Index in the section. */
  readonly instruction: number
  readonly source: SourceLine
}

const bytesPerInstruction = 8
/** Bytes of struct bpf_line_info as it first was; newer ones may be longer. */
const leastRecord = 16

/**
 * The line table of .BTF.ext, by section, in the order of the instructions.
 * @throws {RangeError} when it is cut off
 */
export function readLineInfo(object: ObjectFile): ReadonlyMap<string, readonly LineInfo[]> {
  const { bytes } = object
  const bySection = new Map<string, readonly LineInfo[]>()
  const btf = object.section('.BTF')?.offset
  const ext = object.section('.BTF.ext')?.offset
  if (btf === undefined || ext === undefined) return bySection
  const strings = btf + bytes.getUint32(btf + 4, true) + bytes.getUint32(btf + 16, true)
  const text = (offset: number): string => textAt(bytes, strings + bytes.getUint32(offset, true))
  // struct btf_ext_header (linux/btf.h of libbpf): line_info_off at 16, its length at 20.
  const start = ext + bytes.getUint32(ext + 4, true) + bytes.getUint32(ext + 16, true)
  const end = start + bytes.getUint32(ext + 20, true)
  const recordSize = bytes.getUint32(start, true)
  if (recordSize < leastRecord) return bySection
  for (let at = start + 4; at < end;) {
    const section = text(at)
    const count = bytes.getUint32(at + 4, true)
    at += 8
    const lines = Array.from({ length: count }, (_, index) => {
      // struct bpf_line_info: insn_off, file_name_off, line_off, line_col.
      const record = at + index * recordSize
      const position = bytes.getUint32(record + 12, true)
      return {
        instruction: bytes.getUint32(record, true) / bytesPerInstruction,
        source: {
          file: text(record + 4).replace(/^(?:\.\/)+/, ''),
          line: position >>> 10,
          column: position & 0x3ff,
          text: text(record + 8),
        },
      }
    })
    bySection.set(section, lines)
    at += count * recordSize
  }
  return bySection
}
