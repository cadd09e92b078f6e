import {
  bpf_map__key_size,
  bpf_map__set_key_size,
  bpf_map__set_value_size,
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import type { MapHandle } from './handle.ts'

/** linux/bpf.h */
const PERF_EVENT_ARRAY = 4
const RINGBUF = 27
const USER_RINGBUF = 31

/** Bytes, as the kernel wants them. */
interface Sizes {
  readonly keySize: number
  readonly valueSize: number
}

/**
 * `__type(value, struct event)` on a ring buffer or perf event array says what its records are. libbpf makes of it the
 * map's value size, with which the kernel refuses to create the map, as it does without the key that the type asks for.
 * Undefined for other types of map.
 * @param type BPF_MAP_TYPE_ number
 */
export function recordMapSizes(type: number): Sizes | undefined {
  if (type === RINGBUF || type === USER_RINGBUF) return { keySize: 0, valueSize: 0 }
  return type === PERF_EVENT_ARRAY ? { keySize: 4, valueSize: 4 } : undefined
}

/** Gives libbpf's map those. */
export function setRecordMapSizes({ pointer }: MapHandle): void {
  const sizes = pointer === 0 ? undefined : recordMapSizes(bpf_map__type(pointer))
  if (!sizes) return
  const { keySize, valueSize } = sizes
  if (bpf_map__key_size(pointer) !== keySize) bpf_map__set_key_size(pointer, keySize)
  if (bpf_map__value_size(pointer) !== valueSize) bpf_map__set_value_size(pointer, valueSize)
}
