/**
 * How .BTF.ext is laid out (libbpf's libbpf_internal.h, linux/bpf.h): a header, then tables of what is known of
 * instructions. A table is the size of its records, then for each ELF section its name, a count and the records. Records
 * may be longer than what is known of them. Numbers are offsets in bytes.
 */

/** struct btf_ext_header. Its offsets count from its end, at `hdr_len`. */
export const btf_ext_header = {
  hdr_len: 4,
  func_info_off: 8,
  func_info_len: 12,
  line_info_off: 16,
  line_info_len: 20,
  /** Objects of clang 9 and before have no CO-RE relocations and a header that ends here. */
  core_relo_off: 24,
  core_relo_len: 28,
  size: 32,
} as const

/** struct btf_ext_info_sec, ahead of the records of a section. */
export const btf_ext_info_sec = { sec_name_off: 0, num_info: 4, size: 8 } as const

/** struct bpf_func_info */
export const bpf_func_info = { insn_off: 0, type_id: 4, size: 8 } as const
/** struct bpf_line_info */
export const bpf_line_info = {
  insn_off: 0,
  file_name_off: 4,
  line_off: 8,
  line_col: 12,
  size: 16,
} as const
/** struct bpf_core_relo */
export const bpf_core_relo = {
  insn_off: 0,
  type_id: 4,
  access_str_off: 8,
  kind: 12,
  size: 16,
} as const

/**
 * The words of a record of functions, lines and CO-RE relocations, with the letters of btf.ts: `n` is a string, `t` a
 * type id, `.` another number.
 */
export const EXT_RECORDS = ['.t', '.nn.', '.tn.'] as const

/** BPF_LINE_INFO_LINE_NUM, from 1; 0 when unknown. */
export function lineNumber(lineCol: number): number {
  return lineCol >>> 10
}

/** BPF_LINE_INFO_LINE_COL, from 1; 0 when unknown. */
export function columnNumber(lineCol: number): number {
  return lineCol & 0x3ff
}
