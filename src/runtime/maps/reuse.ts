import { BPF_F_RDONLY_PROG } from '../../uapi/map-flags.ts'
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

/** linux/bpf.h */
const PERF_EVENT_ARRAY = 4
const DEVMAP = 14
const DEVMAP_HASH = 25

const operation = 'reuse a map as'

/**
 * bpf_map__reuse_fd, which itself checks nothing: with other sizes libbpf 1.1 would map the one over its neighbours, and
 * programs would write past the values.
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
    : descriptor(map, 'reuse() takes a map, the path of a pinned one')
  try {
    const given = readMapInfo(fd, operation, `${handle.title}: descriptor ${fd}`)
    const problems = differences(declared, given)
    if (problems.length > 0) {
      throw handle.failure(operation, EINVAL, {
        reason: `the maps differ in ${problems.join(', ')}`,
        hint: 'Set them on this map before, or give another one.',
      })
    }
    const { result, log } = captureLog(() => bpf_map__reuse_fd(pointer, fd))
    if (result < 0) throw handle.failure(operation, -result, { reason: log, log })
  } finally {
    if (isPath) close(fd)
  }
}

const compared = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'mapExtra'] as const

/** In what a pinned map differs from the one that is declared: `valueSize (8 declared, 4 given)`. */
export function pinnedDifferences(declared: MapSettings, path: string): string[] {
  const fd = openPinned(path, 'look at')
  try {
    return differences(declared, readMapInfo(fd, 'look at', path))
  } finally {
    close(fd)
  }
}

/** As libbpf checks pinned maps (libbpf.c: map_is_reuse_compat). */
function differences(declared: MapSettings, given: MapInfo): string[] {
  const { type } = declared
  const expected: Partial<MapInfo> = {
    // 0: load makes it one a CPU.
    ...(type === PERF_EVENT_ARRAY && declared.maxEntries === 0 && { maxEntries: given.maxEntries }),
    // The kernel adds this one by itself.
    ...([DEVMAP, DEVMAP_HASH].includes(type) && {
      flags: declared.flags | (given.flags & BPF_F_RDONLY_PROG),
    }),
  }
  return compared
    .filter((name) => (expected[name] ?? declared[name]) !== given[name])
    .map((name) => `${name} (${declared[name]} declared, ${given[name]} given)`)
}
