import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { In } from '../../codec/input.ts'
import type { Layout } from '../../codec/layout.ts'
import { bytes } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'
import { encodedSize } from '../../codec/size.ts'
import { sendQueueOf } from '../events/send-queue.ts'
import type { SendQueue } from '../events/send-queue.ts'
import { requireSubscribeOptions } from '../events/subscribe-options.ts'
import type { SubscribeOptions } from '../events/subscription.ts'
import { E2BIG } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { setRecordMapSizes } from './record-map-sizes.ts'
import { recordMap } from './requirements.ts'

/** USER_RINGBUF (Linux 6.1): a ring into which records are sent; programs read them by bpf_user_ringbuf_drain(). */
export class UserRingBuffer<T> extends BpfMap {
  readonly #handle: MapHandle
  readonly #layout: Layout

  /** @param layout of a record; without one, records are bytes */
  constructor(handle: MapHandle, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#layout = layout
  }

  /** This ring with records as bytes. */
  get raw(): UserRingBuffer<Uint8Array> {
    return new UserRingBuffer(this.#handle)
  }

  /** Returns this ring with records of another type. */
  as<U>(codec: Codec<U>): UserRingBuffer<U> {
    return new UserRingBuffer<U>(this.#handle, layoutOfCodec('as()', codec))
  }

  /**
   * Puts a record into the ring, for the program's next drain. False, and nothing is sent, when there is no room or other
   * records wait for room in `sendAsync`. Several threads and processes may send into one ring.
   * @throws {BpfError} `E2BIG` for a record that the ring can never hold; `EBUSY` when another thread holds the ring's lock
   *   for a second
   */
  send(value: In<T>): boolean {
    const record = this.#encoded(value)
    return this.#queue().send(record)
  }

  /**
   * Sends a record once there is room, which a program's drain makes. Records are sent in the order of the calls. The value
   * is read at once.
   * @throws {unknown} the signal's reason when it aborts; the record is not sent
   * @throws {BpfError} `ERR_BPF_DESTROYED` when the map closes meanwhile
   */
  async sendAsync(value: In<T>, options: SubscribeOptions = {}): Promise<void> {
    requireSubscribeOptions('sendAsync()', options)
    options.signal?.throwIfAborted()
    const record = this.#encoded(value)
    await this.#queue().sendLater(record, options.signal)
  }

  #queue(): SendQueue {
    return sendQueueOf(this.#handle, 'send to')
  }

  /** Encodes a value before the ring is used: reading the value may run the user's code, which may send too. */
  #encoded(value: In<T>): Uint8Array {
    this.#handle.requireFd('send to')
    const record = new Uint8Array(encodedSize(this.#layout, value))
    memoryCodec(this.#layout).encode(value, new DataView(record.buffer), 0)
    if (this.#queue().canHold(record.length)) return record
    throw new BpfError({
      operation: `send ${record.length} bytes to`,
      object: this.#handle.title,
      errno: E2BIG,
      hint: 'A record and its 8-byte header must fit into the ring, which is maxEntries bytes.',
    })
  }
}

export function userRingBuffer<T = Uint8Array>(record?: Layout): MapKind<UserRingBuffer<T>> {
  return {
    requires: { ...recordMap, since: { linux: '6.1', what: 'BPF_MAP_TYPE_USER_RINGBUF' } },
    create(handle) {
      setRecordMapSizes(handle)
      return new UserRingBuffer<T>(handle, record)
    },
  }
}
