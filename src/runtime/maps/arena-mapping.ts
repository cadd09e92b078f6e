import { BPF_F_SEGV_ON_FAULT } from '../../uapi/map-flags.ts'
import { getpagesize } from '../ffi/libc.ts'
import { isFree } from '../ffi/mapping.ts'
import { scratch } from '../ffi/memory.ts'
import {
  bpf_map__autocreate,
  bpf_map__initial_value,
  bpf_map__map_extra,
  bpf_map__map_flags,
  bpf_map__max_entries,
} from '../ffi/object.ts'
import { EBUSY } from '../host/errno.ts'
import { BpfError, unsupported } from '../host/error.ts'
import type { MapHandle } from './handle.ts'

/** The address that libbpf gave for the memory before load, which is not the arena's. */
const addressBeforeLoad = new WeakMap<MapHandle, number>()

/** Returns the arena's address in this process; undefined for a reused map: libbpf maps only arenas that it creates. */
export function arenaStart(handle: MapHandle): number | undefined {
  const start = bpf_map__initial_value(handle.pointer, new ArrayBuffer(8))
  return start === 0 || start === addressBeforeLoad.get(handle) ? undefined : start
}

export function notMapped({ title }: MapHandle): BpfError {
  return unsupported(
    'use the memory of',
    title,
    'libbpf maps the memory of arenas that it creates, and this one was pinned or is reused',
    'Let each instance create its own arena.',
  )
}

/** Returns the size in bytes. An arena's entries are pages. */
export function arenaSize(maxEntries: number): number {
  return maxEntries * getpagesize()
}

/**
 * Refuses what libbpf does not check: an address where other memory is, which it would unmap, and variables for which there
 * is no page or no room.
 * @throws {BpfError | RangeError}
 */
export function checkArena(handle: MapHandle, hasVariables: boolean): void {
  const { pointer, title } = handle
  if (!bpf_map__autocreate(pointer)) return
  const size = arenaSize(bpf_map__max_entries(pointer))
  const variables = scratch(8)
  addressBeforeLoad.set(handle, bpf_map__initial_value(pointer, variables.buffer))
  if (hasVariables && (bpf_map__map_flags(pointer) & BPF_F_SEGV_ON_FAULT) !== 0) {
    throw unsupported(
      'load',
      title,
      'libbpf cannot write the initial values of __arena variables into an arena with BPF_F_SEGV_ON_FAULT',
      'Clear the flag, or keep the variables out of the arena.',
    )
  }
  if (hasVariables && variables.data.getBigUint64(0, true) > size) {
    throw new RangeError(
      `${title}: its variables take more than the ${size} bytes that maxEntries allows`,
    )
  }
  const address = Number(bpf_map__map_extra(pointer))
  if (address === 0 || isFree(address, size)) return
  throw new BpfError({
    operation: 'load',
    object: title,
    errno: EBUSY,
    reason: `its map_extra is address 0x${address.toString(16)}, where this process has other memory`,
    hint: 'Leave map_extra out, and the kernel chooses an address',
  })
}
