import { release } from 'node:os'

import { EINVAL } from '../host/errno.ts'
import { kernelIsAtLeast } from '../host/kernel-release.ts'
import type { BpfMap, MapKind } from './map.ts'

/** What to do when the kernel would not create a skeleton's map. */
export function creationAdvice(
  { requires = {} }: MapKind,
  map: BpfMap,
  errno: number,
): string | undefined {
  if (errno !== EINVAL) return undefined
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
