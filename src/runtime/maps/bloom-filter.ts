import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import type { GetElementCodec } from './element-codec.ts'
import { elementCodecs } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { noKeys } from './requirements.ts'

/** BLOOM_FILTER: a set that forgets nothing and sometimes takes a value for another. */
export class BloomFilter<V> extends BpfMap {
  readonly #handle: MapHandle
  readonly #enter: GetElementCodec

  constructor(handle: MapHandle, value?: Layout) {
    super(handle)
    this.#handle = handle
    this.#enter = elementCodecs(handle, { value })
  }

  /** `push` of the kernel and libbpf. */
  add(value: In<V>): this {
    const face = this.#enter('add to')
    face.encodeValue(value, face.elements.value, 0)
    face.elements.update(0)
    return this
  }

  /** `peek` of the kernel and libbpf. @returns false: it was never added; true: it probably was */
  has(value: In<V>): boolean {
    const face = this.#enter('look into')
    face.encodeValue(value, face.elements.value, 0)
    return face.elements.lookup()
  }

  /** `add` by the kernel's name. */
  push(value: In<V>): this {
    return this.add(value)
  }

  /** `has` by the kernel's name. */
  peek(value: In<V>): boolean {
    return this.has(value)
  }

  /** The same map with values as bytes. */
  get raw(): BloomFilter<Uint8Array> {
    return new BloomFilter(this.#handle)
  }

  /** The same map with values of another type. */
  as<U>(value: Codec<U>): BloomFilter<U> {
    return new BloomFilter(this.#handle, layoutOfCodec('as()', value))
  }
}

const since = { linux: '5.16', what: 'BPF_MAP_TYPE_BLOOM_FILTER' }

export function bloomFilter<V = unknown>(value?: Layout): MapKind<BloomFilter<V>> {
  return { requires: { ...noKeys, since }, create: (handle) => new BloomFilter(handle, value) }
}
