import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import { u32 } from '../../codec/layout.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { UpdateFlag } from './elements.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import type { InnerMapOptions, InnerMapSettings } from './inner-maps.ts'
import { InnerMaps } from './inner-maps.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { openId } from './open.ts'
import type { ReadableMap } from './readable.ts'
import { RemovableMap } from './removable.ts'
import { descriptorValues } from './requirements.ts'
import type { Standalone } from './standalone.ts'
import { standalone } from './standalone.ts'

/**
 * Inner maps by key. `set` takes any map like the declared inner one. Reading opens the inner map, and gives the same object
 * each time while it is in use. It closes with this map, or earlier by `close()`.
 */
abstract class MapOfMaps<K, M extends BpfMap> extends BpfMap {
  /** This map with the ids of the inner maps as values; nothing is opened. */
  readonly ids: ReadableMap<K, number>
  /** @internal */
  protected readonly kind: MapKind<M>
  readonly #elements: RemovableMap<K, number>
  readonly #inner: InnerMaps
  readonly #opened = new Map<number, WeakRef<Standalone<M>>>()

  constructor(handle: MapHandle, kind: MapKind<M>, key?: Layout) {
    super(handle)
    this.kind = kind
    this.#elements = new RemovableMap(handle, { key, value: u32 })
    this.ids = this.#elements
    this.#inner = new InnerMaps(handle)
    handle.advice = (errno) => (errno === EINVAL ? innerMapHint : undefined)
    handle.onClose(() => {
      for (const map of this.#opened.values()) map.deref()?.close()
    })
  }

  /** Returns the inner map, undefined when there is none. @throws {BpfError} EPERM without CAP_SYS_ADMIN */
  get(key: In<K>): Standalone<M> | undefined {
    const id = this.#elements.get(key)
    return id === undefined ? undefined : this.#open(id)
  }

  has(key: In<K>): boolean {
    return this.#elements.has(key)
  }

  /** Removes an inner map, which lives on while others use it. @returns whether there was one */
  delete(key: In<K>): boolean {
    return this.#elements.delete(key)
  }

  clear(): void {
    this.#elements.clear()
  }

  keys(): IterableIterator<K> {
    return this.#elements.keys()
  }

  *values(): IterableIterator<Standalone<M>> {
    for (const [, map] of this) yield map
  }

  *entries(): IterableIterator<[K, Standalone<M>]> {
    for (const [key, id] of this.#elements) {
      const map = this.#open(id)
      if (map) yield [key, map]
    }
  }

  [Symbol.iterator](): IterableIterator<[K, Standalone<M>]> {
    return this.entries()
  }

  /** Counts the inner maps that there are now, by a walk. */
  get size(): number {
    return this.#elements.size
  }

  /** The definition of the inner maps; may be changed between open and load. */
  get innerMap(): InnerMapSettings {
    return this.#inner.settings('read innerMap of')
  }

  /** Between open and load: takes a map as the example of the inner maps. It may be closed afterwards. */
  set innerMap(map: BpfMap | number) {
    this.#inner.useExample(descriptor(map, 'innerMap must be a map'))
  }

  /** Creates an empty map that may be set here. @throws {BpfError} */
  createInner(options: InnerMapOptions = {}): Standalone<M> {
    return standalone(this.kind, this.#inner.create(options, this.ids), 'create')
  }

  /** @internal */
  protected put(key: In<K>, map: BpfMap | number, flag: UpdateFlag | undefined): this {
    this.#elements.set(key, descriptor(map, 'set() takes a map'), flag)
    return this
  }

  /** Opens an inner map; undefined when it was freed since its id was read. */
  #open(id: number): Standalone<M> | undefined {
    const opened = this.#opened.get(id)?.deref()
    if (opened) return opened
    const fd = openId(id)
    if (fd === -ENOENT) return undefined
    if (fd < 0) {
      const hint = privilegeHint(-fd, ['CAP_SYS_ADMIN'])
      const object = `map ${id} in ${handleOf(this).title}`
      throw new BpfError({ operation: 'open', object, errno: -fd, hint })
    }
    const map = standalone(this.kind, fd, 'open', () => this.#opened.delete(id))
    this.#opened.set(id, new WeakRef(map))
    return map
  }
}

const innerMapHint =
  'An inner map must have the type, key size, value size and flags that the C declares, and an array the same maxEntries unless it has the flag BPF_F_INNER_MAP. createInner() makes one'

/** ARRAY_OF_MAPS: inner maps by index. */
export class ArrayOfMaps<M extends BpfMap> extends MapOfMaps<number, M> {
  constructor(handle: MapHandle, kind: MapKind<M>) {
    super(handle, kind, u32)
  }

  /** Puts a map, or its descriptor, at an index. @throws {BpfError} EINVAL when it is not like the declared one */
  set(index: number, map: BpfMap | number): this {
    return this.put(index, map, undefined)
  }
}

/** HASH_OF_MAPS: inner maps by key. */
export class HashOfMaps<K, M extends BpfMap> extends MapOfMaps<K, M> {
  /** Puts a map, or its descriptor, at a key. @throws {BpfError} EINVAL when it is not like the declared one */
  set(key: In<K>, map: BpfMap | number, flag?: UpdateFlag): this {
    return this.put(key, map, flag)
  }

  /** Returns this map with keys of another type. */
  as<L>(key: Codec<L>): HashOfMaps<L, M> {
    return new HashOfMaps(handleOf(this), this.kind, layoutOfCodec('as()', key))
  }
}

export function arrayOfMaps<M extends BpfMap>(inner: MapKind<M>): MapKind<ArrayOfMaps<M>> {
  return { requires: descriptorValues, create: (handle) => new ArrayOfMaps(handle, inner) }
}

export function hashOfMaps<K, M extends BpfMap>(
  inner: MapKind<M>,
  key?: Layout,
): MapKind<HashOfMaps<K, M>> {
  return { requires: { value: 4 }, create: (handle) => new HashOfMaps(handle, inner, key) }
}
