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

/** USER_RINGBUF (kernel 6.1): records for programs, which drain them with bpf_user_ringbuf_drain(). */
export class UserRingBuffer<T> extends BpfMap {
  readonly #handle: MapHandle
  readonly #layout: Layout

  /** @param layout without one a record is bytes */
  constructor(handle: MapHandle, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#layout = layout
  }

  /** The same ring with records as bytes. */
  get raw(): UserRingBuffer<Uint8Array> {
    return new UserRingBuffer(this.#handle)
  }

  /** The same ring with records of another type. */
  as<U>(codec: Codec<U>): UserRingBuffer<U> {
    return new UserRingBuffer<U>(this.#handle, layoutOfCodec('as()', codec))
  }

  /**
   * Puts a record into the ring, for the program's next drain. False when there is no room, or others wait for some in
   * `sendAsync`: then nothing was sent. Threads and processes may send into one ring: they take turns.
   * @throws {BpfError} `E2BIG` for a record that the ring can never hold; `EBUSY` when another thread was stopped while it
   *   sent
   */
  send(value: In<T>): boolean {
    const record = this.#encoded(value)
    return this.#queue().send(record)
  }

  /**
   * The same, waiting for room: as long as no program drains. Records are sent in the order of the calls. The value is
   * read at once.
   * @throws {unknown} the signal's reason, and the record is not sent
   * @throws {BpfError} `ERR_BPF_DESTROYED` when the map is closed meanwhile
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

  /** Before anything of the ring is looked at: reading the value may run the user's code, which may send too. */
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
