import { BPF_F_RDONLY_PROG } from '../../uapi/map-flags.ts'
import {
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_DEVMAP_HASH,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
} from '../../uapi/map-type-number.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { close } from '../ffi/libc.ts'
import { bpf_map__reuse_fd } from '../ffi/object.ts'
import { EINVAL } from '../host/errno.ts'
import type { MapHandle } from './handle.ts'
import type { MapInfo } from './info.ts'
import { readMapInfo } from './info.ts'
import { openPinned } from './open.ts'
import type { MapSettings } from './settings.ts'

const operation = 'reuse a map as'

/**
 * Calls bpf_map__reuse_fd after checking the map, which libbpf does not: with other sizes libbpf 1.1 would map it over other
 * memory, and programs would write past the values.
 * @throws {BpfError} EINVAL when the maps differ
 */
export function reuseMap(
  declared: MapSettings,
  handle: MapHandle,
  map: { readonly fd: number } | number | string,
): void {
  const pointer = handle.requireOpen(operation)
  const isPath = typeof map === 'string'
  const fd = isPath
    ? openPinned(map, operation)
    : descriptor(map, 'reuse() takes a map, the path of a pinned map')
  try {
    const given = readMapInfo(fd, operation, `${handle.title}: descriptor ${fd}`)
    const problems = differences(declared, given)
    if (problems.length > 0) {
      throw handle.failure(operation, EINVAL, {
        reason: `the maps differ in ${problems.join(', ')}`,
        hint: 'Set the same values on this map before reuse(), or reuse another map.',
      })
    }
    const { result, log } = captureLog(() => bpf_map__reuse_fd(pointer, fd))
    if (result < 0) throw handle.failure(operation, -result, { reason: log, log })
  } finally {
    if (isPath) close(fd)
  }
}

const compared = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'mapExtra'] as const

/** Returns in what a pinned map differs from the declared one: `valueSize (8 declared, 4 given)`. */
export function pinnedDifferences(declared: MapSettings, path: string): string[] {
  const fd = openPinned(path, 'look at')
  try {
    return differences(declared, readMapInfo(fd, 'look at', path))
  } finally {
    close(fd)
  }
}

/** Compares the maps as libbpf compares pinned ones (libbpf.c: map_is_reuse_compat). */
function differences(declared: MapSettings, given: MapInfo): string[] {
  const { type } = declared
  const expected: Partial<MapInfo> = {
    // 0 becomes the number of CPUs at load.
    ...(type === BPF_MAP_TYPE_PERF_EVENT_ARRAY &&
      declared.maxEntries === 0 && { maxEntries: given.maxEntries }),
    // The kernel adds this flag by itself.
    ...([BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_DEVMAP_HASH].includes(type) && {
      flags: declared.flags | (given.flags & BPF_F_RDONLY_PROG),
    }),
  }
  return compared
    .filter((name) => (expected[name] ?? declared[name]) !== given[name])
    .map((name) => `${name} (${declared[name]} declared, ${given[name]} given)`)
}
