import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import type { GetElementCodec } from './element-codec.ts'
import { elementCodecs } from './element-codec.ts'
import { updateFlag } from './elements.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { noKeys } from './requirements.ts'

/** QUEUE: first in, first out; STACK: last in, first out. */
export class Queue<V> extends BpfMap {
  readonly #handle: MapHandle
  readonly #codec: GetElementCodec

  constructor(handle: MapHandle, value?: Layout) {
    super(handle)
    this.#handle = handle
    this.#codec = elementCodecs(handle, { value })
  }

  /**
   * Adds a value.
   * @param flag `exist`: a full map drops its oldest value
   * @throws {BpfError} E2BIG when it is full
   */
  push(value: In<V>, flag?: 'exist'): this {
    const codec = this.#codec('push to')
    const flags = updateFlag(flag)
    codec.encodeValue(value, codec.elements.value, 0)
    codec.elements.update(flags)
    return this
  }

  /** Removes and returns the next value; undefined when there is none. */
  pop(): V | undefined {
    const { elements, decodeValue } = this.#codec('pop from')
    return elements.take() ? (decodeValue(elements.value, 0) as V) : undefined
  }

  /** Returns the next value, which stays; undefined when there is none. */
  peek(): V | undefined {
    const { elements, decodeValue } = this.#codec('peek into')
    return elements.lookup() ? (decodeValue(elements.value, 0) as V) : undefined
  }

  /** Pops value after value, at max as many as the map can hold: a busy program cannot make it endless. */
  drain(): IterableIterator<V> {
    this.#codec('drain')
    return new PopIterator(() => this.pop(), this.maxEntries)
  }

  /** Pops all values. */
  clear(): void {
    const { elements } = this.#codec('clear')
    for (let left = this.maxEntries; left > 0 && elements.take(); left--);
  }

  /** This map with values as bytes. */
  get raw(): Queue<Uint8Array> {
    return new Queue(this.#handle)
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): Queue<U> {
    return new Queue(this.#handle, layoutOfCodec('as()', value))
  }
}

class PopIterator<V> implements IterableIterator<V> {
  readonly #pop: () => V | undefined
  #left: number

  constructor(pop: () => V | undefined, max: number) {
    this.#pop = pop
    this.#left = max
  }

  next(): IteratorResult<V, undefined> {
    const value = this.#left-- > 0 ? this.#pop() : undefined
    if (value !== undefined) return { done: false, value }
    return this.return()
  }

  return(): IteratorResult<V, undefined> {
    this.#left = 0
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}

/** STACK: the last value comes first. */
export interface Stack<V> extends Queue<V> {}

export function queue<V = unknown>(value?: Layout): MapKind<Queue<V>> {
  return { requires: noKeys, create: (handle) => new Queue(handle, value) }
}
