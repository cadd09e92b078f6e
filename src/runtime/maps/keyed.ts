import { compiled } from '../codec/compiled.ts'
import type { In } from '../codec/input.ts'
import type { Layout } from '../codec/layout.ts'
import { bytes, sizeOf } from '../codec/layout.ts'
import { BpfError } from '../error.ts'
import { Elements, updateFlags } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { Decode } from './iteration.ts'
import { ElementIterator, walk } from './iteration.ts'
import { BpfMap } from './map.ts'

export type UpdateFlag = 'noexist' | 'exist'

/** What the C side calls the elements; bytes where an object does not say. */
export interface ElementLayouts {
  readonly key?: Layout | undefined
  readonly value?: Layout | undefined
}

export interface ValueCodec {
  encode(value: unknown, data: DataView, offset: number): void
  decode: Decode
}

/** The codecs of one face of a map, fitted to the loaded map's sizes. */
interface Face {
  readonly elements: Elements
  encodeKey(key: unknown, data: DataView, offset: number): void
  decodeKey: Decode
  encodeValue(value: unknown, data: DataView, offset: number): void
  decodeValue: Decode
}

/** Maps of keys and values, like an ES Map over bpf(2). Keys and values are copies. */
export class KeyedMap<K, V> extends BpfMap implements Iterable<[K, V]> {
  /** @internal */
  protected readonly handle: MapHandle
  /** @internal */
  protected readonly layouts: ElementLayouts
  #face: Face | undefined

  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle)
    this.handle = handle
    this.layouts = layouts
  }

  /** A copy of the value, undefined when the key is absent. @throws {BpfError} */
  get(key: In<K>): V | undefined {
    const face = this.#face ?? this.#enter('get from')
    const { elements } = face
    face.encodeKey(key, elements.key, 0)
    return elements.lookup() ? (face.decodeValue(elements.value, 0) as V) : undefined
  }

  has(key: In<K>): boolean {
    const face = this.#face ?? this.#enter('look into')
    face.encodeKey(key, face.elements.key, 0)
    return face.elements.lookup()
  }

  /**
   * Adds or replaces, unless the flag narrows it: `noexist` adds only, `exist` replaces only.
   * @throws {BpfError} EEXIST or ENOENT by the flag, E2BIG when the map is full
   */
  set(key: In<K>, value: In<V>, flag?: UpdateFlag): this {
    const face = this.#face ?? this.#enter('set an element of')
    const flags = flag === undefined ? updateFlags.any : updateFlags[flag]
    if (flags === undefined)
      throw new TypeError(`the flag of set() is 'noexist', 'exist' or left out`)
    face.encodeValue(value, face.elements.value, 0)
    face.encodeKey(key, face.elements.key, 0)
    face.elements.update(flags)
    return this
  }

  keys(): IterableIterator<K> {
    const { elements, decodeKey } = this.#enter('walk')
    return new ElementIterator(walk(elements), (at) => decodeKey(at.keys, at.key) as K)
  }

  values(): IterableIterator<V> {
    const { elements, decodeValue } = this.#enter('walk')
    return new ElementIterator(walk(elements), (at) => decodeValue(at.values, at.value) as V)
  }

  entries(): IterableIterator<[K, V]> {
    const { elements, decodeKey, decodeValue } = this.#enter('walk')
    return new ElementIterator(walk(elements), (at) => [
      decodeKey(at.keys, at.key) as K,
      decodeValue(at.values, at.value) as V,
    ])
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** How many elements there are now, by a walk. */
  get size(): number {
    const at = walk(this.#enter('count').elements)
    let count = 0
    while (at.next()) count++
    return count
  }

  /** @internal */
  protected enter(operation: string): Face {
    return this.#face ?? this.#enter(operation)
  }

  #enter(operation: string): Face {
    if (this.#face) return this.#face
    const elements = this.elementsOf(this.handle, operation)
    const key = compiled(this.#fitted('key', this.layouts.key, elements.keySize, operation))
    const value = this.valueCodec(
      this.#fitted('value', this.layouts.value, elements.valueSize, operation),
      elements,
    )
    this.#face = {
      elements,
      encodeKey: key.encode,
      decodeKey: key.decode,
      encodeValue: value.encode,
      decodeValue: value.decode,
    }
    this.handle.onClose(() => (this.#face = undefined))
    return this.#face
  }

  /** @internal */
  protected elementsOf(handle: MapHandle, operation: string): Elements {
    return new Elements(handle, operation)
  }

  /** @internal Per-CPU maps have several values an element. */
  protected valueCodec(layout: Layout, _elements: Elements): ValueCodec {
    return compiled(layout)
  }

  #fitted(
    side: 'key' | 'value',
    layout: Layout | undefined,
    size: number,
    operation: string,
  ): Layout {
    if (layout === undefined) return bytes(size)
    if (sizeOf(layout) === size) return layout
    throw new BpfError({
      code: 'ERR_BPF_MALFORMED',
      operation,
      object: this.handle.title,
      reason: `its ${side}s are ${size} bytes, the type given for them has ${sizeOf(layout)}`,
    })
  }
}
