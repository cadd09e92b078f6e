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
 * LPM_TRIE: keys are a length in bits and so many bits of data. `get` and `has` find the longest prefix that the key
 * begins with, as programs do; `set`, `delete` and `take` mean the very prefix.
 */
export class LpmTrie<K, V> extends RemovableMap<K, V> {
  /** The same map over bytes. */
  get raw(): LpmTrie<Uint8Array, Uint8Array> {
    return new LpmTrie(handleOf(this), {})
  }

  /** The same map with values, and keys if given, of another type. */
  as<U>(value: Codec<U>): LpmTrie<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): LpmTrie<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): LpmTrie<unknown, unknown> {
    return new LpmTrie(handleOf(this), layoutsAs(this, value, key))
  }

  constructor(handle: MapHandle, layouts: ElementLayouts) {
    // Looked up while walking, a prefix that is gone would show the value of a shorter one.
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
