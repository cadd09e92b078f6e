import { mapTypes } from '../uapi/map-type.ts'

/** `PERCPU_HASH` of BPF_MAP_TYPE_PERCPU_HASH's number. */
export function mapTypeName(number: number): string {
  return mapTypes[number]?.toUpperCase() ?? `UNKNOWN_${number}`
}

/** Flags of map creation, by bit (include/uapi/linux/bpf.h). */
const MAP_FLAGS = [
  'BPF_F_NO_PREALLOC',
  'BPF_F_NO_COMMON_LRU',
  'BPF_F_NUMA_NODE',
  'BPF_F_RDONLY',
  'BPF_F_WRONLY',
  'BPF_F_STACK_BUILD_ID',
  'BPF_F_ZERO_SEED',
  'BPF_F_RDONLY_PROG',
  'BPF_F_WRONLY_PROG',
  'BPF_F_CLONE',
  'BPF_F_MMAPABLE',
  'BPF_F_PRESERVE_ELEMS',
  'BPF_F_INNER_MAP',
  'BPF_F_LINK',
  'BPF_F_PATH_FD',
  'BPF_F_VTYPE_BTF_OBJ_FD',
  'BPF_F_TOKEN_FD',
  'BPF_F_SEGV_ON_FAULT',
  'BPF_F_NO_USER_CONV',
  'BPF_F_RB_OVERWRITE',
] as const

export const BPF_F_STACK_BUILD_ID: number = 1 << 5
export const BPF_F_RDONLY_PROG: number = 1 << 7
export const BPF_F_MMAPABLE: number = 1 << 10
export const BPF_F_LINK: number = 1 << 13

/** One a bit that is set; a hexadecimal number where it has no name. */
export function mapFlagNames(flags: number): string[] {
  return Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) => {
    const flag = 2 ** bit
    return (flags & flag) === 0 ? [] : [MAP_FLAGS[bit] ?? `0x${flag.toString(16)}`]
  })
}
