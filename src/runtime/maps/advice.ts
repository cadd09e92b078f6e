import { release } from 'node:os'

import { EINVAL } from '../ffi/errno.ts'
import { kernelIsAtLeast } from '../kernel-release.ts'
import { mapTypes } from './map-type.ts'

/** The Linux that brought each, of types that a kernel which loads BPF programs may lack. */
const since: Readonly<Partial<Record<(typeof mapTypes)[number], string>>> = {
  inode_storage: '5.10',
  task_storage: '5.11',
  bloom_filter: '5.16',
  user_ringbuf: '6.1',
  cgrp_storage: '6.2',
  arena: '6.9',
}

/** What to do when the kernel would not create a map of this type (BPF_MAP_TYPE_ number). */
export function mapAdvice(type: number, errno: number): string | undefined {
  const name = mapTypes[type]
  const version = name && since[name]
  if (errno !== EINVAL || version === undefined || kernelIsAtLeast(version)) return undefined
  return `BPF_MAP_TYPE_${name?.toUpperCase()} came with Linux ${version}, and this is ${release()}`
}
