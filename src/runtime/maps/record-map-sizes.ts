import {
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_RINGBUF,
  BPF_MAP_TYPE_USER_RINGBUF,
} from '../../uapi/map-type-number.ts'
import {
  bpf_map__key_size,
  bpf_map__set_key_size,
  bpf_map__set_value_size,
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import type { MapHandle } from './handle.ts'

/** Bytes, as the kernel demands them. */
interface Sizes {
  readonly keySize: number
  readonly valueSize: number
}

/**
 * Returns the sizes of ring buffers and perf event arrays; undefined for other types of map. `__type(value, struct event)`
 * on such a map names the type of its records, and libbpf takes its size for the map's value size, with which the kernel
 * refuses to create the map.
 * @param type BPF_MAP_TYPE_ number
 */
export function recordMapSizes(type: number): Sizes | undefined {
  if (type === BPF_MAP_TYPE_RINGBUF || type === BPF_MAP_TYPE_USER_RINGBUF)
    return { keySize: 0, valueSize: 0 }
  return type === BPF_MAP_TYPE_PERF_EVENT_ARRAY ? { keySize: 4, valueSize: 4 } : undefined
}

/** Sets those sizes on libbpf's map. */
export function setRecordMapSizes({ pointer }: MapHandle): void {
  const sizes = pointer === 0 ? undefined : recordMapSizes(bpf_map__type(pointer))
  if (!sizes) return
  const { keySize, valueSize } = sizes
  if (bpf_map__key_size(pointer) !== keySize) bpf_map__set_key_size(pointer, keySize)
  if (bpf_map__value_size(pointer) !== valueSize) bpf_map__set_value_size(pointer, valueSize)
}
