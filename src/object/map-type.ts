/** BPF_MAP_TYPE_, by number (include/uapi/linux/bpf.h: enum bpf_map_type). */
const MAP_TYPES = [
  'UNSPEC',
  'HASH',
  'ARRAY',
  'PROG_ARRAY',
  'PERF_EVENT_ARRAY',
  'PERCPU_HASH',
  'PERCPU_ARRAY',
  'STACK_TRACE',
  'CGROUP_ARRAY',
  'LRU_HASH',
  'LRU_PERCPU_HASH',
  'LPM_TRIE',
  'ARRAY_OF_MAPS',
  'HASH_OF_MAPS',
  'DEVMAP',
  'SOCKMAP',
  'CPUMAP',
  'XSKMAP',
  'SOCKHASH',
  'CGROUP_STORAGE',
  'REUSEPORT_SOCKARRAY',
  'PERCPU_CGROUP_STORAGE',
  'QUEUE',
  'STACK',
  'SK_STORAGE',
  'DEVMAP_HASH',
  'STRUCT_OPS',
  'RINGBUF',
  'INODE_STORAGE',
  'TASK_STORAGE',
  'BLOOM_FILTER',
  'USER_RINGBUF',
  'CGRP_STORAGE',
  'ARENA',
  'INSN_ARRAY',
  'RHASH',
] as const

export function mapTypeName(number: number): string {
  return MAP_TYPES[number] ?? `UNKNOWN_${number}`
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
] as const

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
