import { release } from 'node:os'

import { bpf_map__inner_map } from '../ffi/object.ts'
import { E2BIG, EINVAL, ENOMEM } from '../host/errno.ts'
import { kernelIsAtLeast } from '../host/kernel-release.ts'
import { handleOf } from './handle.ts'
import type { BpfMap, MapKind } from './map.ts'

/** linux/bpf.h: BPF_MAP_TYPE_ARRAY_OF_MAPS, BPF_MAP_TYPE_HASH_OF_MAPS. */
const mapsOfMaps = new Set([12, 13])

/** What to do when the kernel would not create a skeleton's map. */
export function creationAdvice(
  { requires = {} }: MapKind,
  map: BpfMap,
  errno: number,
): string | undefined {
  if (errno === E2BIG || errno === ENOMEM) {
    return `maxEntries, ${map.maxEntries}, may be more than maps of this type or the memory of this machine allow: set maps.${map.name}.maxEntries before load()`
  }
  if (errno !== EINVAL) return undefined
  if (mapsOfMaps.has(map.type) && bpf_map__inner_map(handleOf(map).pointer) === 0) {
    return `The C does not say what maps it holds: add __array(values, struct inner), or set maps.${map.name}.innerMap to a map like them before load()`
  }
  const { since, key, value, needsBtf } = requires
  const isNewer = since && (since.flag === undefined || (map.flags & since.flag) !== 0)
  if (isNewer && !kernelIsAtLeast(since.linux)) {
    return `${since.what} came with Linux ${since.linux}, and this is ${release()}`
  }
  // Programs leave to user space what it alone knows, such as how many frames of a stack to keep.
  const mayLack = { keySize: key === 0, valueSize: value === 0, maxEntries: needsBtf === true }
  const missing = (['keySize', 'valueSize', 'maxEntries'] as const)
    .filter((size) => map[size] === 0 && !mayLack[size])
    .map((size) => `maps.${map.name}.${size}`)
  return missing.length > 0
    ? `The C leaves this map without a size: set ${missing.join(' and ')} before load()`
    : undefined
}
