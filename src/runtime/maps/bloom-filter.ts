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

/** BLOOM_FILTER: a set from which nothing can be removed, and which sometimes reports a value that was never added. */
export class BloomFilter<V> extends BpfMap {
  readonly #handle: MapHandle
  readonly #codec: GetElementCodec

  constructor(handle: MapHandle, value?: Layout) {
    super(handle)
    this.#handle = handle
    this.#codec = elementCodecs(handle, { value })
  }

  /** Adds a value: `push` in the kernel and libbpf. */
  add(value: In<V>): this {
    const codec = this.#codec('add to')
    codec.encodeValue(value, codec.elements.value, 0)
    codec.elements.update(0)
    return this
  }

  /** Looks for a value: `peek` in the kernel and libbpf. @returns false: it was never added; true: it probably was */
  has(value: In<V>): boolean {
    const codec = this.#codec('look into')
    codec.encodeValue(value, codec.elements.value, 0)
    return codec.elements.lookup()
  }

  /** Calls `add`: the kernel's name for it. */
  push(value: In<V>): this {
    return this.add(value)
  }

  /** Calls `has`: the kernel's name for it. */
  peek(value: In<V>): boolean {
    return this.has(value)
  }

  /** This map with values as bytes. */
  get raw(): BloomFilter<Uint8Array> {
    return new BloomFilter(this.#handle)
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): BloomFilter<U> {
    return new BloomFilter(this.#handle, layoutOfCodec('as()', value))
  }
}

const since = { linux: '5.16', what: 'BPF_MAP_TYPE_BLOOM_FILTER' }

export function bloomFilter<V = unknown>(value?: Layout): MapKind<BloomFilter<V>> {
  return { requires: { ...noKeys, since }, create: (handle) => new BloomFilter(handle, value) }
}
