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

/** Flags of map creation (include/uapi/linux/bpf.h). */
export const BPF_F_RDONLY_PROG: number = 1 << 7
export const BPF_F_MMAPABLE: number = 1 << 10
export const BPF_F_LINK: number = 1 << 13
