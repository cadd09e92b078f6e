import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import { u32 } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import { writerOf } from '../../codec/write.ts'
import { indexOfInterface } from '../programs/interface-index.ts'
import type { ValueForm } from './element-codec.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { setElement } from './keyed.ts'
import type { MapKind } from './map.ts'
import { RemovableMap } from './removable.ts'
import { descriptorValues } from './requirements.ts'

/** A number, or `struct bpf_devmap_val` or `bpf_cpumap_val`: a number and the program that runs for packets sent there. */
const numberAndProgram: ValueForm = {
  valueBytes: (valueSize) => valueSize,
  valueCodec(layout, { valueSize }) {
    const { encode, decode } = memoryCodec(layout)
    const writeNumber = writerOf(u32)
    return {
      decode,
      encode(value, data, offset) {
        if (typeof value !== 'number') return encode(value, data, offset)
        writeNumber(value, data, offset, undefined, 4)
        for (let at = 4; at < valueSize; at++) data.setUint8(offset + at, 0)
      },
    }
  },
}

/** A map of targets for bpf_redirect_map(). */
class RedirectMap<V, W> extends RemovableMap<number, V, W> {
  constructor(handle: MapHandle, value?: Layout) {
    super(handle, { key: u32, value }, numberAndProgram)
  }

  override delete(key: number): boolean {
    // The kernel answers the same for an empty slot (devmap.c: dev_map_delete_elem).
    return this.has(key) && super.delete(key)
  }
}

/**
 * DEVMAP and DEVMAP_HASH: network interfaces by number. A value is an interface index, or a `struct bpf_devmap_val` with the
 * program that runs for packets sent there.
 */
export class DevMap<V> extends RedirectMap<V, In<V> | string | number> {
  /** Sets a target. @param device the name or index of an interface, or a `struct bpf_devmap_val` */
  override set(key: number, device: In<V> | string | number, flag?: 'noexist' | 'exist'): this {
    const isDevice = typeof device === 'string' || typeof device === 'number'
    setElement(this, key, isDevice ? indexOfInterface(device) : device, flag)
    return this
  }

  /** This map with values as bytes. */
  get raw(): DevMap<Uint8Array> {
    return new DevMap(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): DevMap<U> {
    return new DevMap(handleOf(this), layoutOfCodec('as()', value))
  }
}

/** CPUMAP: queue sizes by CPU, or `struct bpf_cpumap_val` with the program that runs for packets sent there. */
export class CpuMap<V> extends RedirectMap<V, In<V> | number> {
  /** This map with values as bytes. */
  get raw(): CpuMap<Uint8Array> {
    return new CpuMap(handleOf(this))
  }

  /** Returns this map with values of another type. */
  as<U>(value: Codec<U>): CpuMap<U> {
    return new CpuMap(handleOf(this), layoutOfCodec('as()', value))
  }
}

export function devMap<V = unknown>(value?: Layout): MapKind<DevMap<V>> {
  return { requires: descriptorValues, create: (handle) => new DevMap(handle, value) }
}

export function cpuMap<V = unknown>(value?: Layout): MapKind<CpuMap<V>> {
  return { requires: descriptorValues, create: (handle) => new CpuMap(handle, value) }
}
