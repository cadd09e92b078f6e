import type { Codec } from '../../codec/codec.ts'
import type { Layout } from '../../codec/layout.ts'
import { BPF_F_NO_PREALLOC } from '../../uapi/map-flags.ts'
import type { ElementLayouts } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { ElementSnapshot } from './iteration.ts'
import type { MapKind } from './map.ts'
import { layoutsAs } from './readable.ts'
import { RemovableMap } from './removable.ts'

/**
 * LPM_TRIE: a key is a prefix, a length in bits and the bits. `get` and `has` find the longest prefix that matches the key,
 * as programs do; `set`, `delete` and `take` use the exact prefix.
 */
export class LpmTrie<K, V> extends RemovableMap<K, V> {
  /** This map with keys and values as bytes. */
  get raw(): LpmTrie<Uint8Array, Uint8Array> {
    return new LpmTrie(handleOf(this), {})
  }

  /** Returns this map with another type of values, and of keys if given. */
  as<U>(value: Codec<U>): LpmTrie<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): LpmTrie<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): LpmTrie<unknown, unknown> {
    return new LpmTrie(handleOf(this), layoutsAs(this, value, key))
  }

  constructor(handle: MapHandle, layouts: ElementLayouts) {
    // A lookup during the walk would give, for a prefix that was deleted, the value of a shorter one.
    super(handle, layouts, undefined, (elements) => new ElementSnapshot(elements))
  }
}

export function lpmTrie<K = unknown, V = unknown>(
  key?: Layout,
  value?: Layout,
): MapKind<LpmTrie<K, V>> {
  return {
    requires: { flags: BPF_F_NO_PREALLOC },
    create: (handle) => new LpmTrie(handle, { key, value }),
  }
}
