import type { Struct } from '../ffi/memory.ts'
import { struct } from '../ffi/memory.ts'

/** Makes one of libbpf's `struct bpf_*_opts`, zeroed, with its size as the first field (libbpf.h). */
export function attachOptions(size: number): Struct {
  const options = struct(size)
  options.data.setBigUint64(0, BigInt(size), true)
  return options
}
