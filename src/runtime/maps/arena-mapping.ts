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

/** What libbpf had in place of the memory before it loaded. */
const before = new WeakMap<MapHandle, number>()

/** Where it is in this process; undefined of one that was there already: libbpf maps only those it makes. */
export function startOf(handle: MapHandle): number | undefined {
  const start = bpf_map__initial_value(handle.pointer, new ArrayBuffer(8))
  return start === 0 || start === before.get(handle) ? undefined : start
}

export function notMapped({ title }: MapHandle): BpfError {
  return unsupported(
    'use the memory of',
    title,
    'libbpf found the map made, pinned or to be reused, and maps only those it makes itself',
    'Let each instance make its own arena.',
  )
}

/** Its entries are pages. */
export function arenaSize(maxEntries: number): number {
  return maxEntries * getpagesize()
}

/** linux/bpf.h: BPF_F_SEGV_ON_FAULT. */
const segvOnFault = 1 << 17

/** What libbpf would do all the same: unmap what is at a fixed address, write where no page or no room is. */
export function checkArena(handle: MapHandle, hasVariables: boolean): void {
  const { pointer, title } = handle
  if (!bpf_map__autocreate(pointer)) return
  const size = arenaSize(bpf_map__max_entries(pointer))
  const variables = scratch(8)
  before.set(handle, bpf_map__initial_value(pointer, variables.buffer))
  if (hasVariables && (bpf_map__map_flags(pointer) & segvOnFault) !== 0) {
    throw unsupported(
      'load',
      title,
      'libbpf cannot write the initial values of __arena variables into an arena with BPF_F_SEGV_ON_FAULT',
      'Clear the flag, or keep the variables out of the arena.',
    )
  }
  if (hasVariables && variables.data.getBigUint64(0, true) > size) {
    throw new RangeError(`${title}: its variables do not fit the ${size} bytes of maxEntries`)
  }
  const address = Number(bpf_map__map_extra(pointer))
  if (address === 0 || isFree(address, size)) return
  throw new BpfError({
    operation: 'load',
    object: title,
    errno: EBUSY,
    reason: `its map_extra asks for address 0x${address.toString(16)}, where this process has other memory`,
    hint: 'Leave map_extra out, and the kernel finds a place',
  })
}
