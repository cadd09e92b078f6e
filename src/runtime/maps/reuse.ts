import { BpfError } from '../error.ts'
import { EINVAL } from '../ffi/errno.ts'
import { close } from '../ffi/libc.ts'
import {
  bpf_map__key_size,
  bpf_map__map_extra,
  bpf_map__map_flags,
  bpf_map__max_entries,
  bpf_map__reuse_fd,
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import { heard } from '../log.ts'
import type { MapHandle } from './handle.ts'
import type { MapInfo } from './info.ts'
import { readMapInfo } from './info.ts'
import { openPinned } from './open.ts'

/** linux/bpf.h */
const PERF_EVENT_ARRAY = 4
const DEVMAP = 14
const DEVMAP_HASH = 25
const BPF_F_RDONLY_PROG = 1 << 7

const operation = 'reuse a map as'

/**
 * bpf_map__reuse_fd, which itself checks nothing: with other sizes libbpf 1.1 would map the one over its neighbours, and
 * programs would write past the values.
 */
export function reuseMap(handle: MapHandle, map: { readonly fd: number } | number | string): void {
  const pointer = handle.requireOpen(operation)
  const opened = typeof map === 'string' ? openPinned(map, operation) : undefined
  try {
    const fd = opened ?? descriptorOf(map)
    const given = readMapInfo(fd, operation, `${handle.title}: descriptor ${fd}`)
    const problems = differences(pointer, given)
    if (problems.length > 0) {
      throw new BpfError({
        operation,
        object: handle.title,
        errno: EINVAL,
        reason: `the maps differ in ${problems.join(', ')}`,
        hint: 'Set them on this map before, or give another one.',
      })
    }
    const { result, log } = heard(() => bpf_map__reuse_fd(pointer, fd))
    if (result < 0) {
      const words = log || undefined
      throw new BpfError({
        operation,
        object: handle.title,
        errno: -result,
        log: words,
        reason: words,
      })
    }
  } finally {
    if (opened !== undefined) close(opened)
  }
}

function descriptorOf(map: unknown): number {
  const fd = typeof map === 'object' && map !== null && 'fd' in map ? map.fd : map
  if (typeof fd === 'number' && Number.isInteger(fd) && fd >= 0) return fd
  throw new TypeError('reuse() takes a map, a descriptor, or the path of a pinned map')
}

/** As libbpf checks pinned maps (libbpf.c: map_is_reuse_compat). */
function differences(pointer: number, given: MapInfo): string[] {
  const type = bpf_map__type(pointer)
  const devmap = type === DEVMAP || type === DEVMAP_HASH
  // The kernel adds this one by itself.
  const ignored = devmap ? BPF_F_RDONLY_PROG : 0
  const entries = bpf_map__max_entries(pointer)
  const pairs = {
    type: [type, given.type],
    keySize: [bpf_map__key_size(pointer), given.keySize],
    valueSize: [bpf_map__value_size(pointer), given.valueSize],
    // 0: load makes it one a CPU.
    maxEntries: [
      type === PERF_EVENT_ARRAY && entries === 0 ? given.maxEntries : entries,
      given.maxEntries,
    ],
    flags: [bpf_map__map_flags(pointer), given.flags & ~ignored],
    mapExtra: [BigInt(bpf_map__map_extra(pointer)), given.mapExtra],
  } as const
  return Object.entries(pairs)
    .filter(([, [declared, real]]) => declared !== real)
    .map(([name, [declared, real]]) => `${name} (${declared} declared, ${real} given)`)
}
