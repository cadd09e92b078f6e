import {
  R_BPF_64_32,
  R_BPF_64_64,
  R_BPF_64_ABS32,
  R_BPF_64_ABS64,
  R_BPF_64_NODYLD32,
  R_BPF_DATA_32,
  R_BPF_DATA_64,
  R_BPF_NONE,
} from '../uapi/elf.ts'

/**
 * Returns the bytes that a relocation type of BPF changes in debug information; undefined for an unknown one
 * (Documentation/bpf/llvm_reloc.rst). R_BPF_64_32 stands for an offset in what clang wrote before version 13.
 */
export function relocatedSize(type: number): 0 | 4 | 8 | undefined {
  switch (type) {
    case R_BPF_NONE:
      return 0
    case R_BPF_64_32:
    case R_BPF_64_ABS32:
    case R_BPF_64_NODYLD32:
    case R_BPF_DATA_32:
      return 4
    case R_BPF_64_64:
    case R_BPF_64_ABS64:
    case R_BPF_DATA_64:
      return 8
    default:
      return undefined
  }
}
