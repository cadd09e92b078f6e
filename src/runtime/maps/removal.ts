import { Bytes, setBytes } from '../../codec/intrinsics.ts'
import type { ElementCodec } from './element-codec.ts'
import type { ElementPosition } from './iteration.ts'
import { ElementIterator } from './iteration.ts'

/** Removes a key. @param absent an errno, besides ENOENT, that means that it is absent @returns whether it was there */
export function remove(codec: ElementCodec, key: unknown, absent?: number): boolean {
  codec.encodeKey(key, codec.elements.key, 0)
  return codec.elements.remove(absent)
}

/** Removes and returns a value, in one step where the kernel can. */
export function take(codec: ElementCodec, key: unknown): unknown {
  codec.encodeKey(key, codec.elements.key, 0)
  return codec.elements.take() ? codec.decodeValue(codec.elements.value, 0) : undefined
}

/** Yields and removes element after element; those after a `break` stay in the map. */
export function drain(
  codec: ElementCodec,
  position: ElementPosition,
): IterableIterator<[unknown, unknown]> {
  const { elements, decodeKey, decodeValue } = codec
  const key = new Bytes(elements.key.buffer, 0, elements.keySize)
  const taken: ElementPosition = {
    keys: elements.key,
    values: elements.value,
    key: 0,
    value: 0,
    next() {
      while (position.next()) {
        setBytes(key, new Bytes(position.keys.buffer, position.key, elements.keySize))
        if (elements.take()) return true
      }
      return false
    },
  }
  return new ElementIterator(taken, (at) => [
    decodeKey(at.keys, at.key),
    decodeValue(at.values, at.value),
  ])
}

/** Removes every key that there is when it starts. */
export function clear({ elements }: ElementCodec, position: ElementPosition): void {
  const key = new Bytes(elements.key.buffer, 0, elements.keySize)
  while (position.next()) {
    setBytes(key, new Bytes(position.keys.buffer, position.key, elements.keySize))
    elements.remove()
  }
}
