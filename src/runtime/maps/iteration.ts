import { Bytes, Memory, setBytes } from '../../codec/intrinsics.ts'
import type { Elements } from './elements.ts'

export type Decode = (data: DataView, offset: number) => unknown

/** The current element of a walk: its key and value in memory. */
export interface ElementPosition {
  readonly keys: DataView
  /** Offset in `keys`. */
  readonly key: number
  readonly values: DataView
  /** Offset in `values`. */
  readonly value: number
  /** Moves to the next element; false at the end. */
  next(): boolean
}

/** Walks the elements in batches where the kernel has them, else key by key. */
export function walk(elements: Elements): ElementPosition {
  const batches = elements.batches()
  if (!batches) return new KeyWalk(elements)
  const count = batches.next()
  return count < 0 ? new KeyWalk(elements) : new BatchWalk(batches, count)
}

type Batches = NonNullable<ReturnType<Elements['batches']>>

class BatchWalk implements ElementPosition {
  keys: DataView
  values: DataView
  key: number
  value: number
  readonly #batches: Batches
  #left: number

  constructor(batches: Batches, count: number) {
    this.#batches = batches
    this.#left = count
    this.keys = batches.keys
    this.values = batches.values
    this.key = -batches.keySize
    this.value = -batches.valueStride
  }

  next(): boolean {
    if (this.#left === 0) {
      do {
        this.#left = this.#batches.next()
        if (this.#left === 0) return false
      } while (this.#left < 0)
      this.keys = this.#batches.keys
      this.values = this.#batches.values
      this.key = -this.#batches.keySize
      this.value = -this.#batches.valueStride
    }
    this.#left--
    this.key += this.#batches.keySize
    this.value += this.#batches.valueStride
    return true
  }
}

class KeyWalk implements ElementPosition {
  keys: DataView
  values: DataView
  readonly key = 0
  readonly value = 0
  readonly #elements: Elements
  readonly #all: readonly Uint8Array<ArrayBuffer>[]
  #index = 0

  constructor(elements: Elements) {
    this.#elements = elements
    this.#all = elements.keys()
    this.keys = elements.key
    this.values = elements.value
  }

  next(): boolean {
    for (;;) {
      const key = this.#all[this.#index++]
      if (!key) return false
      setBytes(new Bytes(this.#elements.key.buffer), key)
      if (this.#elements.lookup()) return true
    }
  }
}

/** A walk of the keys that there are when it starts, without values: not every type of map tells them. */
export class KeySnapshot implements ElementPosition {
  keys: DataView
  readonly values: DataView
  readonly key = 0
  readonly value = 0
  readonly #all: readonly Uint8Array<ArrayBuffer>[]
  #index = 0

  constructor(elements: Elements) {
    this.#all = elements.keys()
    this.keys = elements.key
    this.values = elements.value
  }

  next(): boolean {
    const key = this.#all[this.#index++]
    if (key) this.keys = new Memory(key.buffer)
    return key !== undefined
  }
}

/** A walk of the elements that there are when it starts. */
export class ElementSnapshot implements ElementPosition {
  readonly keys: DataView
  readonly values: DataView
  key: number
  value: number
  readonly #elements: Elements
  #left: number

  constructor(elements: Elements) {
    const { keySize, valueBytes } = elements
    const found = elements.keys()
    const [keys, values] = [
      new Uint8Array(found.length * keySize),
      new Uint8Array(found.length * valueBytes),
    ]
    let count = 0
    for (const key of found) {
      setBytes(new Bytes(elements.key.buffer), key)
      if (!elements.lookup()) continue
      setBytes(keys, key, count * keySize)
      setBytes(values, new Bytes(elements.value.buffer, 0, valueBytes), count * valueBytes)
      count++
    }
    this.#elements = elements
    this.#left = count
    this.keys = new Memory(keys.buffer)
    this.values = new Memory(values.buffer)
    this.key = -keySize
    this.value = -valueBytes
  }

  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    this.key += this.#elements.keySize
    this.value += this.#elements.valueBytes
    return true
  }
}

/** An iterator over elements. A class, because a generator takes half as long again for each element. */
export class ElementIterator<T> implements IterableIterator<T> {
  #position: ElementPosition | undefined
  readonly #pick: (position: ElementPosition) => T

  constructor(position: ElementPosition, pick: (position: ElementPosition) => T) {
    this.#position = position
    this.#pick = pick
  }

  next(): IteratorResult<T, undefined> {
    const position = this.#position
    if (position?.next()) return { done: false, value: this.#pick(position) }
    this.#position = undefined
    return { done: true, value: undefined }
  }

  return(): IteratorResult<T, undefined> {
    this.#position = undefined
    return { done: true, value: undefined }
  }

  [Symbol.iterator](): this {
    return this
  }
}
