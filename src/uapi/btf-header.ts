/** The number that .BTF and .BTF.ext start with; it tells their byte order. */
export const BTF_MAGIC = 0xeb9f
export const BTF_VERSION = 1

/** struct btf_header: offsets of its fields in bytes. `type_off` and `str_off` count from its end, at `hdr_len`. */
export const btf_header = {
  size: 24,
  magic: 0,
  version: 2,
  hdr_len: 4,
  type_off: 8,
  type_len: 12,
  str_off: 16,
  str_len: 20,
} as const
