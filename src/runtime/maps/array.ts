import type { Codec } from '../../codec/codec.ts'
import type { Layout } from '../../codec/layout.ts'
import { u32 } from '../../codec/layout.ts'
import type { ElementLayouts } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { KeyedMap } from './keyed.ts'
import type { MapKind } from './map.ts'
import { layoutsAs } from './readable.ts'
import { indexKeys } from './requirements.ts'

/** ARRAY: its keys are the indexes from 0 to maxEntries - 1, which are always present. */
export class ArrayMap<V> extends KeyedMap<number, V> {
  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle, { key: u32, value: layouts.value })
  }

  override get size(): number {
    return this.maxEntries
  }

  /** This map with values as bytes. */
  get raw(): ArrayMap<Uint8Array> {
    return new ArrayMap(handleOf(this), {})
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): ArrayMap<U> {
    return new ArrayMap(handleOf(this), layoutsAs(this, value))
  }
}

export function arrayMap<V = unknown>(value?: Layout): MapKind<ArrayMap<V>> {
  return { requires: indexKeys, create: (handle) => new ArrayMap(handle, { value }) }
}
