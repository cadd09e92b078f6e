import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import { u32, u64 } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import type { SocketLike } from '../descriptors/socket.ts'
import { socketDescriptor } from '../descriptors/socket.ts'
import { EINVAL, ENOSPC } from '../host/errno.ts'
import type { ValueForm } from './element-codec.ts'
import type { UpdateFlag } from './elements.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import { KeySnapshot } from './iteration.ts'
import { ElementIterator } from './iteration.ts'
import { setElement } from './keyed.ts'
import type { MapKind } from './map.ts'
import { internalsOf } from './readable.ts'
import { RemovableMap } from './removable.ts'
import { remove } from './removal.ts'
import { descriptorValues } from './requirements.ts'

/** A value is written as a descriptor of 4 or 8 bytes, and read as a cookie of 8. */
const socketValue: ValueForm = {
  valueBytes: (valueSize) => Math.max(8, valueSize),
  valueCodec: (_, { valueSize }) => ({
    decode: memoryCodec(u64).decode,
    encode: memoryCodec(valueSize === 8 ? u64 : u32).encode,
  }),
}

/** Sockets by key. `set` takes a socket; `get` returns a socket cookie, for which the map must declare 8-byte values. */
class SocketMap<K> extends RemovableMap<K, bigint, SocketLike> {
  constructor(handle: MapHandle, key?: Layout) {
    super(handle, { key }, socketValue)
    handle.advice = (errno) =>
      errno === ENOSPC
        ? 'Its sockets can be read only when its values have 8 bytes: declare __type(value, __u64)'
        : undefined
  }

  /** Sets a socket: connected, bound or listening, as the map's programs demand it. @throws {BpfError} EOPNOTSUPP */
  override set(key: In<K>, socket: SocketLike, flag?: UpdateFlag): this {
    setElement(
      this,
      key,
      socketDescriptor(socket, `set an element of ${handleOf(this).title}`),
      flag,
    )
    return this
  }

  override delete(key: In<K>): boolean {
    return remove(internalsOf(this).codec('delete from'), key, EINVAL)
  }

  override clear(): void {
    const { elements } = internalsOf(this).codec('clear')
    for (const key of elements.keys()) {
      new Uint8Array(elements.key.buffer).set(key)
      elements.remove(EINVAL)
    }
  }
}

/** SOCKMAP and REUSEPORT_SOCKARRAY: sockets by index. */
export class SockMap extends SocketMap<number> {
  constructor(handle: MapHandle) {
    super(handle, u32)
  }
}

/** SOCKHASH: sockets by key. */
export class SockHash<K> extends SocketMap<K> {
  override keys(): IterableIterator<K> {
    const { elements, decodeKey } = internalsOf(this).codec('walk')
    // Without values, which the kernel may not tell.
    return new ElementIterator(new KeySnapshot(elements), (at) => decodeKey(at.keys, at.key) as K)
  }

  /** This map with keys as bytes. */
  get raw(): SockHash<Uint8Array> {
    return new SockHash(handleOf(this))
  }

  /** Returns this map with keys of another type. */
  as<L>(key: Codec<L>): SockHash<L> {
    return new SockHash(handleOf(this), layoutOfCodec('as()', key))
  }
}

export function sockMap(): MapKind<SockMap> {
  return { requires: descriptorValues, create: (handle) => new SockMap(handle) }
}

export function sockHash<K = unknown>(key?: Layout): MapKind<SockHash<K>> {
  return { requires: { value: 4 }, create: (handle) => new SockHash(handle, key) }
}
