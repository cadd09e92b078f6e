import type { In } from '../../codec/input.ts'
import { KeyedMap } from './keyed.ts'
import { internalsOf } from './readable.ts'
import { clear, drain, remove, take } from './removal.ts'

/** Maps whose keys come and go. */
export class RemovableMap<K, V, W = In<V>> extends KeyedMap<K, V, W> {
  /** Removes a key. @returns whether it was there */
  delete(key: In<K>): boolean {
    return remove(internalsOf(this).codec('delete from'), key)
  }

  /** The value of a key, removed in the same step (two steps where the kernel has none such: hash maps before 5.14). */
  take(key: In<K>): V | undefined {
    return take(internalsOf(this).codec('take from'), key) as V | undefined
  }

  /** Removes each element as it is yielded: what a break leaves stays in the map. */
  drain(): IterableIterator<[K, V]> {
    const face = internalsOf(this).codec('drain')
    return drain(face, internalsOf(this).walk(face.elements)) as IterableIterator<[K, V]>
  }

  /** Removes every key that is there when it starts. */
  clear(): void {
    const face = internalsOf(this).codec('clear')
    clear(face, internalsOf(this).walk(face.elements))
  }
}
