import type { In } from '../../codec/input.ts'
import { KeyedMap } from './keyed.ts'
import { internalsOf } from './readable.ts'
import { clear, drain, remove, take } from './removal.ts'

/** A map from which keys can be removed. */
export class RemovableMap<K, V, W = In<V>> extends KeyedMap<K, V, W> {
  /** Removes a key. @returns whether it was there */
  delete(key: In<K>): boolean {
    return remove(internalsOf(this).codec('delete from'), key)
  }

  /** Removes and returns a value, in one step; in two steps for hash maps before Linux 5.14. */
  take(key: In<K>): V | undefined {
    return take(internalsOf(this).codec('take from'), key) as V | undefined
  }

  /** Yields and removes element after element; those after a `break` stay in the map. */
  drain(): IterableIterator<[K, V]> {
    const codec = internalsOf(this).codec('drain')
    return drain(codec, internalsOf(this).walk(codec.elements)) as IterableIterator<[K, V]>
  }

  /** Removes every key that there is when it starts. */
  clear(): void {
    const codec = internalsOf(this).codec('clear')
    clear(codec, internalsOf(this).walk(codec.elements))
  }
}
