import type { Codec } from '../../codec/codec.ts'
import type { Layout } from '../../codec/layout.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { layoutsAs } from './readable.ts'
import { RemovableMap } from './removable.ts'

/** HASH, LRU_HASH and RHASH. */
export class HashMap<K, V> extends RemovableMap<K, V> {
  /** This map with keys and values as bytes. */
  get raw(): HashMap<Uint8Array, Uint8Array> {
    return new HashMap(handleOf(this), {})
  }

  /** Returns this map with another type of values, and of keys if given. */
  as<U>(value: Codec<U>): HashMap<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): HashMap<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): HashMap<unknown, unknown> {
    return new HashMap(handleOf(this), layoutsAs(this, value, key))
  }
}

export function hashMap<K = unknown, V = unknown>(
  key?: Layout,
  value?: Layout,
): MapKind<HashMap<K, V>> {
  return { create: (handle) => new HashMap(handle, { key, value }) }
}
