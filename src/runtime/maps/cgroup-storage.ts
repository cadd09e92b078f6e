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
 * It comes with the attachment: `set` only replaces.
 */
export class CgroupStorage<K, V> extends KeyedMap<K, V> {
  /** The same map over bytes. */
  get raw(): CgroupStorage<Uint8Array, Uint8Array> {
    return new CgroupStorage(handleOf(this), {})
  }

  /** The same map with values, and keys if given, of another type. */
  as<U>(value: Codec<U>): CgroupStorage<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): CgroupStorage<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): CgroupStorage<unknown, unknown> {
    return new CgroupStorage(handleOf(this), layoutsAs(this, value, key))
  }
}

/** PERCPU_CGROUP_STORAGE: the same with an array of values, one of each possible CPU in order. */
export class PerCpuCgroupStorage<K, V> extends KeyedMap<K, V[]> {
  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle, layouts, perCpuValue)
  }

  /** The same map over bytes. */
  get raw(): PerCpuCgroupStorage<Uint8Array, Uint8Array> {
    return new PerCpuCgroupStorage(handleOf(this), {})
  }

  /** The same map with each CPU's value, and keys if given, of another type. */
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
