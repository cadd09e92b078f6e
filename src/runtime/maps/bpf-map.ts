import type { Codec } from '../../codec/codec.ts'
import type { Integer } from '../../codec/input.ts'
import type { MapType } from '../../uapi/map-type.ts'
import { mapTypes } from '../../uapi/map-type.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import { uint32, uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { MapClasses } from './by-type.ts'
import { kindByType, kindOf } from './by-type.ts'
import { createMap } from './create.ts'
import { BpfMap as MapBase } from './map.ts'
import { openId, openPinned } from './open.ts'
import { possibleCpus } from './per-cpu.ts'
import type { Standalone } from './standalone.ts'
import { standalone } from './standalone.ts'

/** What every map has. */
export interface BpfMap extends MapBase {}

export interface CreateOptions<T extends keyof MapClasses, K = Uint8Array, V = Uint8Array> {
  /** As bpftool names it: `lru_hash`. */
  type: T
  /** At most 15 letters, digits, `_` and `.`. */
  name?: string | undefined
  /** The type of its keys, or their size in bytes: 4 by default in arrays. */
  key?: Codec<K> | undefined
  keySize?: number | undefined
  /** The type of its values, or their size in bytes. */
  value?: Codec<V> | undefined
  valueSize?: number | undefined
  /** Of perf event arrays by default one a CPU. */
  maxEntries?: number | undefined
  /** BPF_F_ bits. The one that the type must have, BPF_F_NO_PREALLOC, is added. */
  flags?: number | undefined
  mapExtra?: Integer | undefined
  numaNode?: number | undefined
  ifindex?: number | undefined
  /** For maps of maps: one like those that it will hold. */
  innerMap?: MapBase | number | undefined
}

/** Maps of no skeleton. Their class goes by the kernel's type of the map; keys and values are bytes unless typed. */
export interface StandaloneMaps {
  /**
   * The map that is pinned at a path.
   * @param type that it must have, which TypeScript then knows; `.as(codec)` types its elements
   * @throws {BpfError} ENOENT, EACCES, …
   */
  open<T extends keyof MapClasses>(path: string, type: T): Standalone<MapClasses[T]>
  open(path: string): Standalone<MapBase>
  /** The map that the kernel knows by a number. Takes CAP_SYS_ADMIN. */
  fromId<T extends keyof MapClasses>(id: number, type: T): Standalone<MapClasses[T]>
  fromId(id: number): Standalone<MapBase>
  /** A new map: for `reuse`, to be pinned, or as an inner map. */
  create<T extends keyof MapClasses, K = Uint8Array, V = Uint8Array>(
    options: CreateOptions<T, K, V>,
  ): Standalone<MapClasses<K, V>[T]>
  /** `map instanceof BpfMap` */
  [Symbol.hasInstance](value: unknown): value is MapBase
}

const optionNames: readonly string[] = [
  'type',
  'name',
  'key',
  'keySize',
  'value',
  'valueSize',
  'maxEntries',
  'flags',
  'mapExtra',
  'numaNode',
  'ifindex',
  'innerMap',
]

export const BpfMap: StandaloneMaps = /*#__PURE__*/ Object.freeze({
  open<T extends keyof MapClasses>(path: string, type?: T): Standalone<MapClasses[T]> {
    if (typeof path !== 'string') {
      throw new TypeError(`BpfMap.open() takes the path of a pinned map, not ${typeof path}`)
    }
    return opened(openPinned(path, 'open'), type)
  },
  fromId<T extends keyof MapClasses>(id: number, type?: T): Standalone<MapClasses[T]> {
    uint32('id', id)
    const fd = openId(id)
    if (fd >= 0) return opened(fd, type)
    throw new BpfError({
      operation: 'open',
      object: `the map of id ${id}`,
      errno: -fd,
      hint:
        fd === -ENOENT
          ? 'No map has that id any more: bpftool map list shows those there are'
          : privilegeHint(-fd, ['CAP_SYS_ADMIN']),
    })
  },
  create<T extends keyof MapClasses, K, V>(
    options: CreateOptions<T, K, V>,
  ): Standalone<MapClasses<K, V>[T]> {
    requireKnownOptions('BpfMap.create()', options, optionNames)
    const { type, key, value, innerMap, name, mapExtra, numaNode } = options
    const required = kindOf(type, 0).requires ?? {}
    const perCpu = type === 'perf_event_array' ? possibleCpus() : 0
    const valueSize = options.valueSize ?? (required.holdsRecords ? undefined : value?.size)
    const fd = createMap({
      type: typeNumber(type),
      name,
      keySize: size('key', options.keySize ?? key?.size ?? required.key, type),
      valueSize: size('value', valueSize ?? required.value, type),
      maxEntries: uint32('maxEntries', options.maxEntries ?? perCpu),
      flags: uint32('flags', options.flags ?? 0) | (required.flags ?? 0),
      needsBtf: required.needsBtf,
      mapExtra: mapExtra === undefined ? undefined : uint64('mapExtra', mapExtra),
      numaNode: numaNode === undefined ? undefined : uint32('numaNode', numaNode),
      ifindex: uint32('ifindex', options.ifindex ?? 0),
      innerMapFd: innerMap === undefined ? undefined : descriptor(innerMap, 'innerMap is a map'),
    })
    return standalone(kindByType(key?.layout, value?.layout), fd, 'create') as Standalone<
      MapClasses<K, V>[T]
    >
  },
  [Symbol.hasInstance]: (value: unknown): value is MapBase => value instanceof MapBase,
})

function opened<T extends keyof MapClasses>(
  fd: number,
  type: T | undefined,
): Standalone<MapClasses[T]> {
  const wanted = type === undefined ? undefined : typeNumber(type)
  const map = standalone(kindByType(), fd, 'open')
  if (wanted === undefined || map.type === wanted) return map as Standalone<MapClasses[T]>
  const reason = `it is of type ${mapTypes[map.type] ?? map.type}, not ${type}`
  const error = new BpfError({ operation: 'open', object: map.name, errno: EINVAL, reason })
  map.close()
  throw error
}

function typeNumber(type: MapType): number {
  const number = mapTypes.indexOf(type)
  if (number > 0) return number
  throw new TypeError(`a map's type is one of ${mapTypes.slice(1).join(', ')}, not ${String(type)}`)
}

function size(side: 'key' | 'value', bytes: number | undefined, type: MapType): number {
  if (bytes !== undefined) return uint32(`${side}Size`, bytes)
  throw new TypeError(`a map of type ${type} takes ${side} or ${side}Size`)
}
