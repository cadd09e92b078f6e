import { byName, type Releases, type Version } from './version.ts'

/** The map types, by the kernel release that added them (include/uapi/linux/bpf.h: enum bpf_map_type). */
const MAP_TYPES: Releases = [
  ['3.19', `HASH ARRAY`],
  ['4.2', `PROG_ARRAY`],
  ['4.3', `PERF_EVENT_ARRAY`],
  ['4.6', `PERCPU_HASH PERCPU_ARRAY STACK_TRACE`],
  ['4.8', `CGROUP_ARRAY`],
  ['4.10', `LRU_HASH LRU_PERCPU_HASH`],
  ['4.11', `LPM_TRIE`],
  ['4.12', `ARRAY_OF_MAPS HASH_OF_MAPS`],
  ['4.14', `DEVMAP SOCKMAP`],
  ['4.15', `CPUMAP`],
  ['4.18', `XSKMAP SOCKHASH`],
  ['4.19', `CGROUP_STORAGE REUSEPORT_SOCKARRAY`],
  ['4.20', `PERCPU_CGROUP_STORAGE QUEUE STACK`],
  ['5.2', `SK_STORAGE`],
  ['5.4', `DEVMAP_HASH`],
  ['5.6', `STRUCT_OPS`],
  ['5.8', `RINGBUF`],
  ['5.10', `INODE_STORAGE`],
  ['5.11', `TASK_STORAGE`],
  ['5.16', `BLOOM_FILTER`],
  ['6.1', `USER_RINGBUF`],
  ['6.2', `CGRP_STORAGE`],
  ['6.9', `ARENA`],
]

/** The first kernel release with a map type, by the name after BPF_MAP_TYPE_. */
export const mapTypeSince: ReadonlyMap<string, Version> = byName(MAP_TYPES)
