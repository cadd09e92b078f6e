import { bpf_map__set_value_size, bpf_map__value_size } from '../ffi/object.ts'
import type { MapHandle } from './handle.ts'

/**
 * `__type(value, struct event)` on a ring buffer or perf event array says what its records are. libbpf makes of it the
 * map's value size, with which the kernel refuses to create the map: it wants 0 there, and 4 here.
 */
export function setRecordSize(handle: MapHandle, size: 0 | 4): void {
  const { pointer } = handle
  if (pointer !== 0 && bpf_map__value_size(pointer) !== size) bpf_map__set_value_size(pointer, size)
}
