import { release } from 'node:os'

import { EINVAL } from '../ffi/errno.ts'
import { kernelIsAtLeast } from '../kernel-release.ts'
import { BPF_F_RB_OVERWRITE, mapTypes } from './map-type.ts'
import type { MapType } from './map-type.ts'
import { requirementsOf } from './requirements.ts'

/** The Linux that brought each, of types that a kernel which loads BPF programs may lack. */
const since: Readonly<Partial<Record<MapType, string>>> = {
  inode_storage: '5.10',
  task_storage: '5.11',
  bloom_filter: '5.16',
  user_ringbuf: '6.1',
  cgrp_storage: '6.2',
  arena: '6.9',
}

/** Of a map that is not made yet: BPF_MAP_TYPE_ number, sizes in bytes. */
interface Definition {
  readonly name: string
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
}

/** What to do when the kernel would not create a map. */
export function mapAdvice(definition: Definition, errno: number): string | undefined {
  const type = mapTypes[definition.type]
  if (errno !== EINVAL || type === undefined) return undefined
  const overwrites = type === 'ringbuf' && (definition.flags & BPF_F_RB_OVERWRITE) !== 0
  const version = overwrites ? '6.19' : since[type]
  if (version !== undefined && !kernelIsAtLeast(version)) {
    const what = overwrites ? 'BPF_F_RB_OVERWRITE' : `BPF_MAP_TYPE_${type.toUpperCase()}`
    return `${what} came with Linux ${version}, and this is ${release()}`
  }
  const missing = missingSizes(definition, type).map((size) => `maps.${definition.name}.${size}`)
  return missing.length > 0
    ? `The C leaves this map without a size: set ${missing.join(' and ')} before load()`
    : undefined
}

/** Programs leave to user space what it alone knows, such as how many frames of a stack to keep. */
function missingSizes(definition: Definition, type: MapType): (keyof Definition)[] {
  const { key, value, needsBtf } = requirementsOf(type)
  const isLeftOut = { keySize: key === 0, valueSize: value === 0, maxEntries: needsBtf === true }
  return (['keySize', 'valueSize', 'maxEntries'] as const).filter(
    (size) => definition[size] === 0 && !isLeftOut[size],
  )
}
