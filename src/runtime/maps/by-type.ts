import type { Layout } from '../../codec/layout.ts'
import { BPF_F_MMAPABLE } from '../../uapi/map-flags.ts'
import type { MapType } from '../../uapi/map-type.ts'
import { mapTypes } from '../../uapi/map-type.ts'
import { arenaMap } from './arena.ts'
import type { ArenaMap } from './arena.ts'
import { arrayMap } from './array.ts'
import type { ArrayMap } from './array.ts'
import { bloomFilter } from './bloom-filter.ts'
import type { BloomFilter } from './bloom-filter.ts'
import { cgroupArray } from './cgroup-array.ts'
import type { CgroupArray } from './cgroup-array.ts'
import { cgroupStorage, perCpuCgroupStorage } from './cgroup-storage.ts'
import type { CgroupStorage, PerCpuCgroupStorage } from './cgroup-storage.ts'
import { hashMap } from './hash.ts'
import type { HashMap } from './hash.ts'
import { cgrpStorage, inodeStorage, skStorage, taskStorage } from './local-storage.ts'
import type { CgrpStorage, InodeStorage, SkStorage, TaskStorage } from './local-storage.ts'
import { lpmTrie } from './lpm-trie.ts'
import type { LpmTrie } from './lpm-trie.ts'
import { arrayOfMaps, hashOfMaps } from './map-of-maps.ts'
import type { ArrayOfMaps, HashOfMaps } from './map-of-maps.ts'
import type { BpfMap, MapKind } from './map.ts'
import { bpfMap } from './map.ts'
import { mmapableArray } from './mmapable-array.ts'
import { perCpuArray, perCpuHashMap } from './per-cpu.ts'
import type { PerCpuArray, PerCpuHashMap } from './per-cpu.ts'
import { perfEventArray } from './perf-event-array.ts'
import type { PerfEventArray } from './perf-event-array.ts'
import { progArray } from './prog-array.ts'
import type { ProgArray } from './prog-array.ts'
import { queue } from './queue.ts'
import type { Queue, Stack } from './queue.ts'
import { cpuMap, devMap } from './redirect.ts'
import type { CpuMap, DevMap } from './redirect.ts'
import { ringBuffer } from './ringbuf.ts'
import type { RingBuffer } from './ringbuf.ts'
import { sockHash, sockMap } from './sockmap.ts'
import type { SockHash, SockMap } from './sockmap.ts'
import { stackTraceMap } from './stack-trace.ts'
import type { StackTraceMap } from './stack-trace.ts'
import { userRingBuffer } from './user-ringbuf.ts'
import type { UserRingBuffer } from './user-ringbuf.ts'
import { xskMap } from './xskmap.ts'
import type { XskMap } from './xskmap.ts'

/** The class of each type of map, given the types of its keys and values. */
export interface MapClasses<K = Uint8Array, V = Uint8Array> {
  hash: HashMap<K, V>
  array: ArrayMap<V>
  prog_array: ProgArray
  perf_event_array: PerfEventArray<V>
  percpu_hash: PerCpuHashMap<K, V>
  percpu_array: PerCpuArray<V>
  stack_trace: StackTraceMap
  cgroup_array: CgroupArray
  lru_hash: HashMap<K, V>
  lru_percpu_hash: PerCpuHashMap<K, V>
  lpm_trie: LpmTrie<K, V>
  array_of_maps: ArrayOfMaps<BpfMap>
  hash_of_maps: HashOfMaps<K, BpfMap>
  devmap: DevMap<V>
  devmap_hash: DevMap<V>
  sockmap: SockMap
  cpumap: CpuMap<V>
  xskmap: XskMap
  sockhash: SockHash<K>
  cgroup_storage: CgroupStorage<K, V>
  reuseport_sockarray: SockMap
  percpu_cgroup_storage: PerCpuCgroupStorage<K, V>
  queue: Queue<V>
  stack: Stack<V>
  sk_storage: SkStorage<V>
  ringbuf: RingBuffer<V>
  inode_storage: InodeStorage<V>
  task_storage: TaskStorage<V>
  bloom_filter: BloomFilter<V>
  cgrp_storage: CgrpStorage<V>
  rhash: HashMap<K, V>
  user_ringbuf: UserRingBuffer<V>
  arena: ArenaMap
}

type Factory = (key?: Layout, value?: Layout) => MapKind

const factories: { readonly [T in keyof MapClasses]: Factory } = {
  hash: hashMap,
  array: (_, value) => arrayMap(value),
  prog_array: progArray,
  perf_event_array: (_, value) => perfEventArray(value),
  percpu_hash: perCpuHashMap,
  percpu_array: (_, value) => perCpuArray(value),
  stack_trace: () => stackTraceMap(),
  cgroup_array: cgroupArray,
  lru_hash: hashMap,
  lru_percpu_hash: perCpuHashMap,
  lpm_trie: lpmTrie,
  array_of_maps: () => arrayOfMaps(kindByType()),
  hash_of_maps: (key) => hashOfMaps(kindByType(), key),
  devmap: (_, value) => devMap(value),
  devmap_hash: (_, value) => devMap(value),
  sockmap: sockMap,
  cpumap: (_, value) => cpuMap(value),
  xskmap: xskMap,
  sockhash: sockHash,
  cgroup_storage: cgroupStorage,
  reuseport_sockarray: sockMap,
  percpu_cgroup_storage: perCpuCgroupStorage,
  queue: (_, value) => queue(value),
  stack: (_, value) => queue(value),
  sk_storage: (_, value) => skStorage(value),
  ringbuf: (_, value) => ringBuffer(value),
  inode_storage: (_, value) => inodeStorage(value),
  task_storage: (_, value) => taskStorage(value),
  bloom_filter: (_, value) => bloomFilter(value),
  cgrp_storage: (_, value) => cgrpStorage(value),
  rhash: hashMap,
  user_ringbuf: (_, value) => userRingBuffer(value),
  arena: () => arenaMap(),
}

/** The kind of an open map, by its type and flags in the kernel. A type without a class of its own is a BpfMap. */
export function kindByType(key?: Layout, value?: Layout): MapKind {
  return {
    create(handle) {
      const { type, flags } = handle.info()
      return kindOf(mapTypes[type], flags, key, value).create(handle)
    },
  }
}

/** Returns the kind for a map type. @param flags BPF_F_ bits of the map */
export function kindOf(
  type: MapType | undefined,
  flags: number,
  key?: Layout,
  value?: Layout,
): MapKind {
  if (type === 'array' && (flags & BPF_F_MMAPABLE) !== 0) return mmapableArray(value)
  return hasClass(type) ? factories[type](key, value) : bpfMap()
}

function hasClass(type: MapType | undefined): type is keyof MapClasses {
  return type !== undefined && Object.hasOwn(factories, type)
}
