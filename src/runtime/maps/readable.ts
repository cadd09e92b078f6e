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

/** The parts that the classes of keyed maps share, out of users' reach. */
interface Internals {
  readonly layouts: ElementLayouts
  readonly codec: GetElementCodec
  readonly walk: Walk
}

const internals = /*#__PURE__*/ new Memo<object, Internals>()

/** Returns those parts of a map. @throws {TypeError} for what only looks like a keyed map */
export function internalsOf(map: object): Internals {
  const found = internals.get(map)
  if (found) return found
  throw new TypeError('this is not a map with keys and values of this library')
}

/** A map with keys and values, read like an ES Map. Each read is a call of bpf(2); keys and values are copies. */
export class ReadableMap<K, V> extends BpfMap implements Iterable<[K, V]> {
  readonly #codec: GetElementCodec
  readonly #walk: Walk

  constructor(
    handle: MapHandle,
    layouts: ElementLayouts,
    valueForm?: ValueForm,
    walkElements: Walk = walk,
  ) {
    super(handle)
    this.#codec = elementCodecs(handle, layouts, valueForm)
    this.#walk = walkElements
    internals.set(this, { layouts, codec: this.#codec, walk: walkElements })
  }

  /** Returns a copy of the value, undefined when the key is absent. @throws {BpfError} */
  get(key: In<K>): V | undefined {
    const codec = this.#codec('get from')
    const { elements } = codec
    codec.encodeKey(key, elements.key, 0)
    return elements.lookup() ? (codec.decodeValue(elements.value, 0) as V) : undefined
  }

  has(key: In<K>): boolean {
    const codec = this.#codec('look into')
    codec.encodeKey(key, codec.elements.key, 0)
    return codec.elements.lookup()
  }

  keys(): IterableIterator<K> {
    const { elements, decodeKey } = this.#codec('walk')
    return new ElementIterator(this.#walk(elements), (at) => decodeKey(at.keys, at.key) as K)
  }

  values(): IterableIterator<V> {
    const { elements, decodeValue } = this.#codec('walk')
    return new ElementIterator(this.#walk(elements), (at) => decodeValue(at.values, at.value) as V)
  }

  entries(): IterableIterator<[K, V]> {
    const { elements, decodeKey, decodeValue } = this.#codec('walk')
    return new ElementIterator(this.#walk(elements), (at) => [
      decodeKey(at.keys, at.key) as K,
      decodeValue(at.values, at.value) as V,
    ])
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** Counts the elements that there are now, by a walk. */
  get size(): number {
    const at = this.#walk(this.#codec('count').elements)
    let count = 0
    while (at.next()) count++
    return count
  }
}

/** Returns the layouts of codecs for `as()`. @throws {TypeError} for what is no codec */
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
