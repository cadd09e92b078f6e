import type { In } from '../codec/input.ts'
import { ElementIterator, walk } from './iteration.ts'
import { KeyedMap } from './keyed.ts'

/** Maps whose keys come and go. */
export class RemovableMap<K, V> extends KeyedMap<K, V> {
  /** Removes a key. @returns whether it was there */
  delete(key: In<K>): boolean {
    const face = this.enter('delete from')
    face.encodeKey(key, face.elements.key, 0)
    return face.elements.remove()
  }

  /** The value of a key, removed in the same step (two steps on kernels before 5.14). */
  take(key: In<K>): V | undefined {
    const face = this.enter('take from')
    face.encodeKey(key, face.elements.key, 0)
    return face.elements.take() ? (face.decodeValue(face.elements.value, 0) as V) : undefined
  }

  /** Removes each element as it is yielded: what a break leaves stays in the map. */
  drain(): IterableIterator<[K, V]> {
    const { elements, decodeKey, decodeValue } = this.enter('drain')
    const key = new Uint8Array(elements.key.buffer, 0, elements.keySize)
    const place = walk(elements)
    const taking = {
      keys: elements.key,
      values: elements.value,
      key: 0,
      value: 0,
      next() {
        while (place.next()) {
          key.set(new Uint8Array(place.keys.buffer, place.key, elements.keySize))
          if (elements.take()) return true
        }
        return false
      },
    }
    return new ElementIterator(taking, (at) => [
      decodeKey(at.keys, at.key) as K,
      decodeValue(at.values, at.value) as V,
    ])
  }

  /** Removes every key that is there when it starts. */
  clear(): void {
    const { elements } = this.enter('clear')
    const key = new Uint8Array(elements.key.buffer, 0, elements.keySize)
    for (const place = walk(elements); place.next();) {
      key.set(new Uint8Array(place.keys.buffer, place.key, elements.keySize))
      elements.remove()
    }
  }
}
