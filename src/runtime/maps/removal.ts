import { Bytes, setBytes } from '../../codec/intrinsics.ts'
import type { ElementCodec } from './element-codec.ts'
import type { ElementPosition } from './iteration.ts'
import { ElementIterator } from './iteration.ts'

/** @param absent the errno, besides ENOENT, that says so @returns whether the key was there */
export function remove(face: ElementCodec, key: unknown, absent?: number): boolean {
  face.encodeKey(key, face.elements.key, 0)
  return face.elements.remove(absent)
}

/** The value of a key, removed in the same step where the kernel can. */
export function take(face: ElementCodec, key: unknown): unknown {
  face.encodeKey(key, face.elements.key, 0)
  return face.elements.take() ? face.decodeValue(face.elements.value, 0) : undefined
}

/** Removes each element as it is yielded: what a break leaves stays in the map. */
export function drain(
  face: ElementCodec,
  place: ElementPosition,
): IterableIterator<[unknown, unknown]> {
  const { elements, decodeKey, decodeValue } = face
  const key = new Bytes(elements.key.buffer, 0, elements.keySize)
  const taking: ElementPosition = {
    keys: elements.key,
    values: elements.value,
    key: 0,
    value: 0,
    next() {
      while (place.next()) {
        setBytes(key, new Bytes(place.keys.buffer, place.key, elements.keySize))
        if (elements.take()) return true
      }
      return false
    },
  }
  return new ElementIterator(taking, (at) => [
    decodeKey(at.keys, at.key),
    decodeValue(at.values, at.value),
  ])
}

/** Removes every key that is there when it starts. */
export function clear({ elements }: ElementCodec, place: ElementPosition): void {
  const key = new Bytes(elements.key.buffer, 0, elements.keySize)
  while (place.next()) {
    setBytes(key, new Bytes(place.keys.buffer, place.key, elements.keySize))
    elements.remove()
  }
}
