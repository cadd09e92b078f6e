import type { In } from '../../codec/input.ts'
import { updateFlag } from './elements.ts'
import type { UpdateFlag } from './elements.ts'
import { internalsOf, ReadableMap } from './readable.ts'

/** A map with a `set` like an ES Map's. `W` is the type of values that may be written. */
export class KeyedMap<K, V, W = In<V>> extends ReadableMap<K, V> {
  /**
   * Adds or replaces an element. With the flag `noexist` it only adds, with `exist` it only replaces.
   * @throws {BpfError} EEXIST or ENOENT by the flag, E2BIG when the map is full
   */
  set(key: In<K>, value: W, flag?: UpdateFlag): this {
    setElement(this, key, value, flag)
    return this
  }
}

/** Sets an element. @param value in the type of the map's values, which `set` of a subclass may not take */
export function setElement(
  map: object,
  key: unknown,
  value: unknown,
  flag: UpdateFlag | undefined,
): void {
  const codec = internalsOf(map).codec('set an element of')
  const { elements } = codec
  const flags = updateFlag(flag)
  codec.encodeValue(value, elements.value, 0)
  const { commandCount } = elements
  codec.encodeKey(key, elements.key, 0)
  // An accessor of the key used this map, and wrote over the value's buffer.
  if (elements.commandCount !== commandCount) codec.encodeValue(value, elements.value, 0)
  elements.update(flags)
}
