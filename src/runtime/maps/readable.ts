import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import { layoutOf } from '../../codec/layout-of.ts'
import type { ElementLayouts, Enter, Shape } from './element-codec.ts'
import { facing } from './element-codec.ts'
import type { Elements } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { Place } from './iteration.ts'
import { ElementIterator, walk } from './iteration.ts'
import { BpfMap } from './map.ts'

/** Maps of keys and values, read like an ES Map over bpf(2). Keys and values are copies. */
export class ReadableMap<K, V> extends BpfMap implements Iterable<[K, V]> {
  /** @internal */
  protected readonly layouts: ElementLayouts
  /** @internal */
  protected readonly enter: Enter

  constructor(handle: MapHandle, layouts: ElementLayouts, shape?: Shape) {
    super(handle)
    this.layouts = layouts
    this.enter = facing(handle, layouts, shape)
    // The native side is nothing to show, or to replace.
    for (const name of ['layouts', 'enter']) {
      Object.defineProperty(this, name, { enumerable: false, writable: false })
    }
  }

  /** @internal Of other types than the map's own. @throws {TypeError} for what is no codec */
  protected layoutsAs(value: Codec<unknown, never>, key?: Codec<unknown, never>): ElementLayouts {
    return {
      key: key === undefined ? this.layouts.key : layoutOf('as()', key),
      value: layoutOf('as()', value),
    }
  }

  /** A copy of the value, undefined when the key is absent. @throws {BpfError} */
  get(key: In<K>): V | undefined {
    const face = this.enter('get from')
    const { elements } = face
    face.encodeKey(key, elements.key, 0)
    return elements.lookup() ? (face.decodeValue(elements.value, 0) as V) : undefined
  }

  has(key: In<K>): boolean {
    const face = this.enter('look into')
    face.encodeKey(key, face.elements.key, 0)
    return face.elements.lookup()
  }

  keys(): IterableIterator<K> {
    const { elements, decodeKey } = this.enter('walk')
    return new ElementIterator(this.walk(elements), (at) => decodeKey(at.keys, at.key) as K)
  }

  values(): IterableIterator<V> {
    const { elements, decodeValue } = this.enter('walk')
    return new ElementIterator(this.walk(elements), (at) => decodeValue(at.values, at.value) as V)
  }

  entries(): IterableIterator<[K, V]> {
    const { elements, decodeKey, decodeValue } = this.enter('walk')
    return new ElementIterator(this.walk(elements), (at) => [
      decodeKey(at.keys, at.key) as K,
      decodeValue(at.values, at.value) as V,
    ])
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** How many elements there are now, by a walk. */
  get size(): number {
    const at = this.walk(this.enter('count').elements)
    let count = 0
    while (at.next()) count++
    return count
  }

  /** @internal */
  protected walk(elements: Elements): Place {
    return walk(elements)
  }
}
