import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import { Memo } from '../../codec/intrinsics.ts'
import type { ElementLayouts, GetElementCodec, ValueForm } from './element-codec.ts'
import { elementCodecs } from './element-codec.ts'
import type { Elements } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { ElementPosition } from './iteration.ts'
import { ElementIterator, walk } from './iteration.ts'
import { BpfMap } from './map.ts'

type Walk = (elements: Elements) => ElementPosition

/** What the classes of such a map share, and nobody else gets. */
interface Internals {
  readonly layouts: ElementLayouts
  readonly codec: GetElementCodec
  readonly walk: Walk
}

const internals = /*#__PURE__*/ new Memo<object, Internals>()

/** @throws {TypeError} for what only looks like such a map */
export function internalsOf(map: object): Internals {
  const inside = internals.get(map)
  if (inside) return inside
  throw new TypeError('this is no map of keys and values')
}

/** Maps of keys and values, read like an ES Map over bpf(2). Keys and values are copies. */
export class ReadableMap<K, V> extends BpfMap implements Iterable<[K, V]> {
  readonly #enter: GetElementCodec
  readonly #walk: Walk

  constructor(handle: MapHandle, layouts: ElementLayouts, shape?: ValueForm, walkBy: Walk = walk) {
    super(handle)
    this.#enter = elementCodecs(handle, layouts, shape)
    this.#walk = walkBy
    internals.set(this, { layouts, codec: this.#enter, walk: walkBy })
  }

  /** A copy of the value, undefined when the key is absent. @throws {BpfError} */
  get(key: In<K>): V | undefined {
    const face = this.#enter('get from')
    const { elements } = face
    face.encodeKey(key, elements.key, 0)
    return elements.lookup() ? (face.decodeValue(elements.value, 0) as V) : undefined
  }

  has(key: In<K>): boolean {
    const face = this.#enter('look into')
    face.encodeKey(key, face.elements.key, 0)
    return face.elements.lookup()
  }

  keys(): IterableIterator<K> {
    const { elements, decodeKey } = this.#enter('walk')
    return new ElementIterator(this.#walk(elements), (at) => decodeKey(at.keys, at.key) as K)
  }

  values(): IterableIterator<V> {
    const { elements, decodeValue } = this.#enter('walk')
    return new ElementIterator(this.#walk(elements), (at) => decodeValue(at.values, at.value) as V)
  }

  entries(): IterableIterator<[K, V]> {
    const { elements, decodeKey, decodeValue } = this.#enter('walk')
    return new ElementIterator(this.#walk(elements), (at) => [
      decodeKey(at.keys, at.key) as K,
      decodeValue(at.values, at.value) as V,
    ])
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** How many elements there are now, by a walk. */
  get size(): number {
    const at = this.#walk(this.#enter('count').elements)
    let count = 0
    while (at.next()) count++
    return count
  }
}

/** Of other types than the map's own. @throws {TypeError} for what is no codec */
export function layoutsAs(
  map: object,
  value: Codec<unknown, never>,
  key?: Codec<unknown, never>,
): ElementLayouts {
  return {
    key: key === undefined ? internalsOf(map).layouts.key : layoutOfCodec('as()', key),
    value: layoutOfCodec('as()', value),
  }
}
