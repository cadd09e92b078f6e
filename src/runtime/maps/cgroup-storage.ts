import type { Codec } from '../../codec/codec.ts'
import type { Layout } from '../../codec/layout.ts'
import type { ElementLayouts } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { KeyedMap } from './keyed.ts'
import type { MapKind } from './map.ts'
import { perCpuValue } from './per-cpu.ts'
import { layoutsAs } from './readable.ts'

/**
 * CGROUP_STORAGE: a value for each cgroup that a program of the map is attached to, by the cgroup's id (and attach type).
 * Attaching the program creates the value: `set` only replaces it.
 */
export class CgroupStorage<K, V> extends KeyedMap<K, V> {
  /** This map with keys and values as bytes. */
  get raw(): CgroupStorage<Uint8Array, Uint8Array> {
    return new CgroupStorage(handleOf(this), {})
  }

  /** Returns this map with another type of values, and of keys if given. */
  as<U>(value: Codec<U>): CgroupStorage<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): CgroupStorage<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): CgroupStorage<unknown, unknown> {
    return new CgroupStorage(handleOf(this), layoutsAs(this, value, key))
  }
}

/** PERCPU_CGROUP_STORAGE: like CGROUP_STORAGE, with an array of values, one for each possible CPU in order. */
export class PerCpuCgroupStorage<K, V> extends KeyedMap<K, V[]> {
  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle, layouts, perCpuValue)
  }

  /** This map with keys and values as bytes. */
  get raw(): PerCpuCgroupStorage<Uint8Array, Uint8Array> {
    return new PerCpuCgroupStorage(handleOf(this), {})
  }

  /** Returns this map with another type of each CPU's value, and of keys if given. */
  as<U>(value: Codec<U>): PerCpuCgroupStorage<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): PerCpuCgroupStorage<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): PerCpuCgroupStorage<unknown, unknown> {
    return new PerCpuCgroupStorage(handleOf(this), layoutsAs(this, value, key))
  }
}

export function cgroupStorage<K = unknown, V = unknown>(
  key?: Layout,
  value?: Layout,
): MapKind<CgroupStorage<K, V>> {
  return { create: (handle) => new CgroupStorage(handle, { key, value }) }
}

export function perCpuCgroupStorage<K = unknown, V = unknown>(
  key?: Layout,
  value?: Layout,
): MapKind<PerCpuCgroupStorage<K, V>> {
  return { create: (handle) => new PerCpuCgroupStorage(handle, { key, value }) }
}
