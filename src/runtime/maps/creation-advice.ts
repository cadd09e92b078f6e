import { release } from 'node:os'

import {
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_HASH_OF_MAPS,
} from '../../uapi/map-type-number.ts'
import { bpf_map__inner_map } from '../ffi/object.ts'
import { E2BIG, EINVAL, ENOMEM } from '../host/errno.ts'
import { kernelIsAtLeast } from '../host/kernel-release.ts'
import { handleOf } from './handle.ts'
import type { BpfMap, MapKind } from './map.ts'

function isMapOfMaps({ type }: BpfMap): boolean {
  return type === BPF_MAP_TYPE_ARRAY_OF_MAPS || type === BPF_MAP_TYPE_HASH_OF_MAPS
}

/** Returns what to do when the kernel refused to create a skeleton's map. */
export function creationAdvice(
  { requires = {} }: MapKind,
  map: BpfMap,
  errno: number,
): string | undefined {
  if (errno === E2BIG || errno === ENOMEM) {
    return `Its maxEntries, ${map.maxEntries}, may be more than its type or this machine's memory allows: set a smaller maps.${map.name}.maxEntries before load()`
  }
  if (errno !== EINVAL) return undefined
  if (isMapOfMaps(map) && bpf_map__inner_map(handleOf(map).pointer) === 0) {
    return `The C does not declare its inner maps: add __array(values, struct inner), or set maps.${map.name}.innerMap to an example before load()`
  }
  const { since, key, value, needsBtf } = requires
  const isNewer = since && (since.flag === undefined || (map.flags & since.flag) !== 0)
  if (isNewer && !kernelIsAtLeast(since.linux)) {
    return `${since.what} came with Linux ${since.linux}, and this kernel is ${release()}`
  }
  // The C leaves some sizes to user space, such as the number of stack frames to keep.
  const mayLack = { keySize: key === 0, valueSize: value === 0, maxEntries: needsBtf === true }
  const missing = (['keySize', 'valueSize', 'maxEntries'] as const)
    .filter((size) => map[size] === 0 && !mayLack[size])
    .map((size) => `maps.${map.name}.${size}`)
  return missing.length > 0
    ? `The C does not declare all its sizes: set ${missing.join(' and ')} before load()`
    : undefined
}
