import type { MapType } from './map-type.ts'

/** Bytes of keys and values that a type of map has anyway. */
interface ElementSizes {
  readonly key?: number
  readonly value?: number
  /** The value's type is that of records, and no part of the map's definition. */
  readonly holdsRecords?: boolean
}

const index: ElementSizes = { key: 4 }
const descriptors: ElementSizes = { key: 4, value: 4 }
const keyless: ElementSizes = { key: 0 }

const sizes: { readonly [T in MapType]?: ElementSizes } = {
  array: index,
  percpu_array: index,
  stack_trace: index,
  sk_storage: index,
  inode_storage: index,
  task_storage: index,
  cgrp_storage: index,
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

export function elementSizes(type: MapType): ElementSizes {
  return sizes[type] ?? {}
}
