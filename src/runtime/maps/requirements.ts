import type { MapType } from './map-type.ts'

/** What a type of map has in any case. Sizes in bytes. */
interface Requirements {
  readonly key?: number
  readonly value?: number
  /** BPF_F_ bits without which the kernel refuses it. */
  readonly flags?: number
  /** The value's type is that of records, and no part of the map's definition. */
  readonly holdsRecords?: boolean
  /** The kernel wants BTF of keys and values. */
  readonly needsBtf?: boolean
}

/** linux/bpf.h */
const BPF_F_NO_PREALLOC = 1

const index: Requirements = { key: 4 }
const descriptors: Requirements = { key: 4, value: 4 }
const keyless: Requirements = { key: 0 }
const storage: Requirements = { key: 4, flags: BPF_F_NO_PREALLOC, needsBtf: true }

const requirements: { readonly [T in MapType]?: Requirements } = {
  array: index,
  percpu_array: index,
  stack_trace: index,
  lpm_trie: { flags: BPF_F_NO_PREALLOC },
  sk_storage: storage,
  inode_storage: storage,
  task_storage: storage,
  cgrp_storage: storage,
  prog_array: descriptors,
  cgroup_array: descriptors,
  array_of_maps: descriptors,
  hash_of_maps: { value: 4 },
  devmap: descriptors,
  devmap_hash: descriptors,
  sockmap: descriptors,
  sockhash: { value: 4 },
  reuseport_sockarray: descriptors,
  cpumap: descriptors,
  xskmap: descriptors,
  queue: keyless,
  stack: keyless,
  bloom_filter: keyless,
  perf_event_array: { key: 4, value: 4, holdsRecords: true },
  ringbuf: { key: 0, value: 0, holdsRecords: true },
  user_ringbuf: { key: 0, value: 0, holdsRecords: true },
  arena: { key: 0, value: 0 },
}

export function requirementsOf(type: MapType): Requirements {
  return requirements[type] ?? {}
}
