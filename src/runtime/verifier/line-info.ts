import {
  bpf_line_info,
  btf_ext_header,
  btf_ext_info_sec,
  columnNumber,
  lineNumber,
} from '../../uapi/btf-ext.ts'
import { btf_header } from '../../uapi/btf-header.ts'
import type { SourceLine } from './error.ts'
import { type ObjectFile, textAt } from './object-file.ts'

/** The first instruction of a line of C (struct bpf_line_info). */
export interface LineInfo {
  /** Index of the instruction in its section. */
  readonly instruction: number
  readonly source: SourceLine
}

const bytesPerInstruction = 8

/**
 * Reads the lines of .BTF.ext, by section, in the order of the instructions.
 * @throws {RangeError} when the object is truncated
 */
export function readLineInfo(object: ObjectFile): ReadonlyMap<string, readonly LineInfo[]> {
  const { bytes } = object
  const bySection = new Map<string, readonly LineInfo[]>()
  const btf = object.section('.BTF')?.offset
  const ext = object.section('.BTF.ext')?.offset
  if (btf === undefined || ext === undefined) return bySection
  const int = (at: number): number => bytes.getUint32(at, true)
  const strings = btf + int(btf + btf_header.hdr_len) + int(btf + btf_header.str_off)
  const text = (at: number): string => textAt(bytes, strings + int(at))
  const start = ext + int(ext + btf_ext_header.hdr_len) + int(ext + btf_ext_header.line_info_off)
  const end = start + int(ext + btf_ext_header.line_info_len)
  const recordSize = int(start)
  if (recordSize < bpf_line_info.size) return bySection
  for (let at = start + 4; at < end;) {
    const section = text(at + btf_ext_info_sec.sec_name_off)
    const count = int(at + btf_ext_info_sec.num_info)
    at += btf_ext_info_sec.size
    const lines = Array.from({ length: count }, (_, index) => {
      const record = at + index * recordSize
      const lineCol = int(record + bpf_line_info.line_col)
      return {
        instruction: int(record + bpf_line_info.insn_off) / bytesPerInstruction,
        source: {
          file: text(record + bpf_line_info.file_name_off).replace(/^(?:\.\/)+/, ''),
          line: lineNumber(lineCol),
          column: columnNumber(lineCol),
          text: text(record + bpf_line_info.line_off),
        },
      }
    })
    bySection.set(section, lines)
    at += count * recordSize
  }
  return bySection
}
