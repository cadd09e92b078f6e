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
 * Maps by key. Written as any map that is like the declared inner one; read as an opened map, the same object each time
 * while somebody has it. It closes with this map, or earlier by `close()`.
 */
abstract class MapOfMaps<K, M extends BpfMap> extends BpfMap {
  /** The same map read as the ids of the inner maps, of which none is opened. */
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
    handle.advice = (errno) => (errno === EINVAL ? mustBeAlike : undefined)
    handle.onClose(() => {
      for (const map of this.#opened.values()) map.deref()?.close()
    })
  }

  /** The inner map, undefined when there is none. @throws {BpfError} EPERM without CAP_SYS_ADMIN */
  get(key: In<K>): Standalone<M> | undefined {
    const id = this.#elements.get(key)
    return id === undefined ? undefined : this.#open(id)
  }

  has(key: In<K>): boolean {
    return this.#elements.has(key)
  }

  /** @returns whether there was one; it lives on while others hold it */
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

  /** How many inner maps there are now, by a walk. */
  get size(): number {
    return this.#elements.size
  }

  /** How the inner maps are; may be changed between open and load. */
  get innerMap(): InnerMapSettings {
    return this.#inner.settings('read innerMap of')
  }

  /** Between open and load: the inner maps will be like this one, which may be closed after. */
  set innerMap(map: BpfMap | number) {
    this.#inner.useExample(descriptor(map, 'innerMap takes a map'))
  }

  /** A new map, empty and alone, that may be set here. */
  createInner(options: InnerMapOptions = {}): Standalone<M> {
    return standalone(this.kind, this.#inner.create(options, this.ids), 'create')
  }

  /** @internal */
  protected put(key: In<K>, map: BpfMap | number, flag: UpdateFlag | undefined): this {
    this.#elements.set(key, descriptor(map, 'set() takes a map'), flag)
    return this
  }

  /** Undefined when the map is gone since its id was read. */
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

const mustBeAlike =
  'An inner map must be as the program declares it: type, key and value size, flags, and the entries of an array unless it has the flag BPF_F_INNER_MAP. createInner() makes one'

/** ARRAY_OF_MAPS: maps by index. */
export class ArrayOfMaps<M extends BpfMap> extends MapOfMaps<number, M> {
  constructor(handle: MapHandle, kind: MapKind<M>) {
    super(handle, kind, u32)
  }

  /** @param map to be there from now on, in place of what is; or its descriptor */
  set(index: number, map: BpfMap | number): this {
    return this.put(index, map, undefined)
  }
}

/** HASH_OF_MAPS: maps by key. */
export class HashOfMaps<K, M extends BpfMap> extends MapOfMaps<K, M> {
  /** @param map to be there from now on, in place of what is; or its descriptor */
  set(key: In<K>, map: BpfMap | number, flag?: UpdateFlag): this {
    return this.put(key, map, flag)
  }

  /** The same map with keys of another type. */
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
