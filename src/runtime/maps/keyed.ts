import type { In } from '../../codec/input.ts'
import { updateFlag } from './elements.ts'
import type { UpdateFlag } from './elements.ts'
import { internalsOf, ReadableMap } from './readable.ts'

/** Maps that can be written to, like an ES Map. `W` is what may be written for a value. */
export class KeyedMap<K, V, W = In<V>> extends ReadableMap<K, V> {
  /**
   * Adds or replaces, unless the flag narrows it: `noexist` adds only, `exist` replaces only.
   * @throws {BpfError} EEXIST or ENOENT by the flag, E2BIG when the map is full
   */
  set(key: In<K>, value: W, flag?: UpdateFlag): this {
    setElement(this, key, value, flag)
    return this
  }
}

/** @param value as the element's own type, which what `set` takes need not be */
export function setElement(
  map: object,
  key: unknown,
  value: unknown,
  flag: UpdateFlag | undefined,
): void {
  const face = internalsOf(map).codec('set an element of')
  const { elements } = face
  const flags = updateFlag(flag)
  face.encodeValue(value, elements.value, 0)
  const { commandCount: runs } = elements
  face.encodeKey(key, elements.key, 0)
  // An accessor of the key has used this map, and with it the place of the value.
  if (elements.commandCount !== runs) face.encodeValue(value, elements.value, 0)
  elements.update(flags)
}
