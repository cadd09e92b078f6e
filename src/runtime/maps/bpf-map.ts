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

/** The members that every map has. */
export interface BpfMap extends MapBase {}

export interface CreateOptions<T extends keyof MapClasses, K = Uint8Array, V = Uint8Array> {
  /** The map type as bpftool writes it: `lru_hash`. */
  type: T
  /** At most 15 letters, digits, `_` and `.`. */
  name?: string | undefined
  /** The type of its keys. */
  key?: Codec<K> | undefined
  /** Bytes, instead of a type: 4 by default for arrays. */
  keySize?: number | undefined
  /** The type of its values. */
  value?: Codec<V> | undefined
  /** Bytes, instead of a type. */
  valueSize?: number | undefined
  /** For perf event arrays the number of CPUs by default. */
  maxEntries?: number | undefined
  /** BPF_F_ bits. BPF_F_NO_PREALLOC is added for the types that must have it. */
  flags?: number | undefined
  mapExtra?: Integer | undefined
  numaNode?: number | undefined
  ifindex?: number | undefined
  /** For maps of maps: an example of the inner maps. */
  innerMap?: MapBase | number | undefined
}

/** Maps without a skeleton. The map's type decides their class; keys and values are bytes unless they are given types. */
export interface StandaloneMaps {
  /**
   * Opens the map that is pinned at a path.
   * @param type the type that it must have, which gives the result its TypeScript type; `.as(codec)` types its elements
   * @throws {BpfError} ENOENT, EACCES, …
   */
  open<T extends keyof MapClasses>(path: string, type: T): Standalone<MapClasses[T]>
  open(path: string): Standalone<MapBase>
  /** Opens the map with an id. Needs CAP_SYS_ADMIN. @throws {BpfError} ENOENT, EPERM, … */
  fromId<T extends keyof MapClasses>(id: number, type: T): Standalone<MapClasses[T]>
  fromId(id: number): Standalone<MapBase>
  /** Creates a map: for `reuse`, to pin it, or as an inner map. @throws {BpfError} */
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
      object: `the map with id ${id}`,
      errno: -fd,
      hint:
        fd === -ENOENT
          ? 'There is no map with that id: `bpftool map list` shows the ids'
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
      innerMapFd:
        innerMap === undefined ? undefined : descriptor(innerMap, 'innerMap must be a map'),
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
  throw new TypeError(`type must be one of ${mapTypes.slice(1).join(', ')}, not ${String(type)}`)
}

function size(side: 'key' | 'value', bytes: number | undefined, type: MapType): number {
  if (bytes !== undefined) return uint32(`${side}Size`, bytes)
  throw new TypeError(`a map of type ${type} needs ${side} or ${side}Size`)
}
