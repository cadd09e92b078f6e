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
  readonly #enter: GetElementCodec

  constructor(handle: MapHandle, value?: Layout) {
    super(handle)
    this.#handle = handle
    this.#enter = elementCodecs(handle, { value })
  }

  /**
   * Adds a value.
   * @param flag `exist`: a full map loses its oldest value for it
   * @throws {BpfError} E2BIG when it is full
   */
  push(value: In<V>, flag?: 'exist'): this {
    const face = this.#enter('push to')
    const flags = updateFlag(flag)
    face.encodeValue(value, face.elements.value, 0)
    face.elements.update(flags)
    return this
  }

  /** The next value, removed; undefined when there is none. */
  pop(): V | undefined {
    const { elements, decodeValue } = this.#enter('pop from')
    return elements.take() ? (decodeValue(elements.value, 0) as V) : undefined
  }

  /** The next value, which stays. */
  peek(): V | undefined {
    const { elements, decodeValue } = this.#enter('peek into')
    return elements.lookup() ? (decodeValue(elements.value, 0) as V) : undefined
  }

  /** Pops what is there, at most as many values as the map holds: a busy program cannot make it endless. */
  drain(): IterableIterator<V> {
    this.#enter('drain')
    return new PopIterator(() => this.pop(), this.maxEntries)
  }

  /** Pops what is there. */
  clear(): void {
    const { elements } = this.#enter('clear')
    for (let left = this.maxEntries; left > 0 && elements.take(); left--);
  }

  /** The same map with values as bytes. */
  get raw(): Queue<Uint8Array> {
    return new Queue(this.#handle)
  }

  /** The same map with values of another type. */
  as<U>(value: Codec<U>): Queue<U> {
    return new Queue(this.#handle, layoutOfCodec('as()', value))
  }
}

class PopIterator<V> implements IterableIterator<V> {
  readonly #pop: () => V | undefined
  #left: number

  constructor(pop: () => V | undefined, most: number) {
    this.#pop = pop
    this.#left = most
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

/** STACK, whose last value comes first. */
export interface Stack<V> extends Queue<V> {}

export function queue<V = unknown>(value?: Layout): MapKind<Queue<V>> {
  return { requires: noKeys, create: (handle) => new Queue(handle, value) }
}
