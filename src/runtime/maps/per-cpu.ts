import type { Codec } from '../../codec/codec.ts'
import { ceil } from '../../codec/intrinsics.ts'
import type { Layout } from '../../codec/layout.ts'
import { u32 } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import { requireArray } from '../../codec/write.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { BpfError } from '../host/error.ts'
import type { ElementLayouts, ValueForm, ValueCodec } from './element-codec.ts'
import type { Elements } from './elements.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { KeyedMap } from './keyed.ts'
import type { MapKind } from './map.ts'
import { layoutsAs } from './readable.ts'
import { RemovableMap } from './removable.ts'
import { indexKeys } from './requirements.ts'

const libbpf_num_possible_cpus = fromLibbpf('int libbpf_num_possible_cpus()')

/** Returns how many CPUs may ever come online: each element of a per-CPU map has so many values. */
export function possibleCpus(): number {
  const count = libbpf_num_possible_cpus()
  if (count < 0) throw new BpfError({ operation: 'count the possible CPUs', errno: -count })
  return count
}

/** Returns the bytes that one CPU's value takes: a multiple of 8 (kernel/bpf/syscall.c: bpf_map_value_size). */
function stride(valueSize: number): number {
  return ceil(valueSize / 8) * 8
}

function valuesOfAllCpus(layout: Layout, { valueSize, valueBytes }: Elements): ValueCodec {
  const { encode, decode } = memoryCodec(layout)
  const valueStride = stride(valueSize)
  const cpus = valueBytes / valueStride
  return {
    decode: (data, offset) =>
      Array.from({ length: cpus }, (_, cpu) => decode(data, offset + cpu * valueStride)),
    encode(given, data, offset) {
      const values = requireArray(given, undefined)
      if (values.length !== cpus) {
        throw new RangeError(
          `expected ${cpus} values, one for each possible CPU, got ${values.length}`,
        )
      }
      const path = { parent: undefined, key: 0 }
      for (; path.key < cpus; path.key++) {
        encode(values[path.key], data, offset + path.key * valueStride, path)
      }
    },
  }
}

export const perCpuValue: ValueForm = {
  valueBytes: (valueSize) => stride(valueSize) * possibleCpus(),
  valueCodec: valuesOfAllCpus,
}

/** PERCPU_HASH and LRU_PERCPU_HASH: a value is an array with one value for each possible CPU, in order. */
export class PerCpuHashMap<K, V> extends RemovableMap<K, V[]> {
  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle, layouts, perCpuValue)
  }

  /** This map with keys and values as bytes. */
  get raw(): PerCpuHashMap<Uint8Array, Uint8Array> {
    return new PerCpuHashMap(handleOf(this), {})
  }

  /** Returns this map with another type of each CPU's value, and of keys if given. */
  as<U>(value: Codec<U>): PerCpuHashMap<K, U>
  as<U, L>(value: Codec<U>, key: Codec<L>): PerCpuHashMap<L, U>
  as(value: Codec<unknown>, key?: Codec<unknown>): PerCpuHashMap<unknown, unknown> {
    return new PerCpuHashMap(handleOf(this), layoutsAs(this, value, key))
  }
}

/** PERCPU_ARRAY: a value is an array with one value for each possible CPU, in order. */
export class PerCpuArray<V> extends KeyedMap<number, V[]> {
  constructor(handle: MapHandle, layouts: ElementLayouts) {
    super(handle, { key: u32, value: layouts.value }, perCpuValue)
  }

  /** This map with values as bytes. */
  get raw(): PerCpuArray<Uint8Array> {
    return new PerCpuArray(handleOf(this), {})
  }

  /** Returns this map with another type of each CPU's value. */
  as<U>(value: Codec<U>): PerCpuArray<U> {
    return new PerCpuArray(handleOf(this), layoutsAs(this, value))
  }

  override get size(): number {
    return this.maxEntries
  }
}

export function perCpuHashMap<K = unknown, V = unknown>(
  key?: Layout,
  value?: Layout,
): MapKind<PerCpuHashMap<K, V>> {
  return { create: (handle) => new PerCpuHashMap(handle, { key, value }) }
}

export function perCpuArray<V = unknown>(value?: Layout): MapKind<PerCpuArray<V>> {
  return { requires: indexKeys, create: (handle) => new PerCpuArray(handle, { value }) }
}
