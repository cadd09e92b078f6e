/** BPF_MAP_TYPE_, in the order of their numbers (include/uapi/linux/bpf.h: enum bpf_map_type). */
export const mapTypes = [
  'unspec',
  'hash',
  'array',
  'prog_array',
  'perf_event_array',
  'percpu_hash',
  'percpu_array',
  'stack_trace',
  'cgroup_array',
  'lru_hash',
  'lru_percpu_hash',
  'lpm_trie',
  'array_of_maps',
  'hash_of_maps',
  'devmap',
  'sockmap',
  'cpumap',
  'xskmap',
  'sockhash',
  'cgroup_storage',
  'reuseport_sockarray',
  'percpu_cgroup_storage',
  'queue',
  'stack',
  'sk_storage',
  'devmap_hash',
  'struct_ops',
  'ringbuf',
  'inode_storage',
  'task_storage',
  'bloom_filter',
  'user_ringbuf',
  'cgrp_storage',
  'arena',
  'insn_array',
  'rhash',
] as const

/** As bpftool names it: `percpu_hash`. */
export type MapType = (typeof mapTypes)[number]

/** linux/bpf.h: a full ring buffer overwrites its oldest records (kernel 6.19). */
export const BPF_F_RB_OVERWRITE: number = 1 << 19
