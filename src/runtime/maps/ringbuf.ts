import type { Codec } from '../codec/codec.ts'
import { compiled } from '../codec/compiled.ts'
import type { Layout } from '../codec/layout.ts'
import { bytes } from '../codec/layout.ts'
import type { LiveView } from '../codec/live-view.ts'
import { liveView } from '../codec/live-view.ts'
import { deadMemory } from '../codec/memory.ts'
import type { Live } from '../codec/view.ts'
import { stateError } from '../error.ts'
import type { RecordDecoder, SubscribeOptions, Subscription } from '../events/records.ts'
import { Listening, RecordIterator } from '../events/records.ts'
import { ringOf } from '../events/ring.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { noRecordSize } from './record-size.ts'

/**
 * RINGBUF: a stream of records from the kernel's programs. Each way to read is a subscriber that sees what waits unread
 * and every record after; records shorter than their type are skipped and counted, longer ones cut.
 */
export class RingBuffer<T> extends BpfMap implements AsyncIterable<T> {
  readonly #handle: MapHandle
  readonly #layout: Layout
  readonly #decoder: RecordDecoder<T>
  #view: LiveView<T> | undefined
  #noRecord: DataView | undefined

  /** @param layout without one a record is a copy of all its bytes */
  constructor(handle: MapHandle, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#layout = layout
    this.#decoder = { compiled: compiled<T>(layout), malformed: 0 }
  }

  /** Records skipped because they were too short for the type. */
  get malformed(): number {
    return this.#decoder.malformed
  }

  /** The same ring with records of another type. */
  as<U>(codec: Codec<U>): RingBuffer<U> {
    return new RingBuffer<U>(this.#handle, codec.layout)
  }

  /**
   * Calls the listener for each record, until stopped. An error that it throws is uncaught, as in any event listener;
   * its record counts as read.
   */
  on(listener: (record: T) => void, options: SubscribeOptions = {}): Subscription {
    return new Listening(this.#opening('subscribe to', options), listener)
  }

  /** Records for `for await`; `break` and the signal end it and leave what is unread in the ring. */
  records(options: SubscribeOptions = {}): AsyncIterable<T> {
    return { [Symbol.asyncIterator]: () => this.#iterate(options) }
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#iterate({})
  }

  /**
   * Visits what waits, at once. The view is one and the same object for every record, over the ring's own memory: it
   * reads in place, and is valid during the call only.
   * @returns how many records there were
   */
  consume(visit: (view: Live<T>) => void): number {
    const ring = ringOf(this.#handle, 'consume')
    const { compiled } = this.#decoder
    const decoder = this.#decoder
    const live = (this.#view ??= liveView<T>(this.#layout, this.#gone()))
    const { view } = live
    try {
      return ring.consume((memory, offset, length) => {
        if (length < compiled.minimumSize) {
          decoder.malformed++
          return
        }
        live.point(memory, offset, length)
        visit(view)
      })
    } finally {
      live.point(this.#gone(), 0)
    }
  }

  #iterate(options: SubscribeOptions): RecordIterator<T> {
    return new RecordIterator(this.#opening('iterate over', options))
  }

  #opening(operation: string, { signal, ...unknown }: SubscribeOptions) {
    const [name] = Object.keys(unknown)
    if (name !== undefined)
      throw new TypeError(`there is no option ${JSON.stringify(name)}; there is signal`)
    return {
      source: ringOf(this.#handle, operation),
      decoder: this.#decoder,
      keepAlive: this.#handle.keepAlive,
      signal,
    }
  }

  #gone(): DataView {
    this.#noRecord ??= deadMemory(() =>
      stateError(
        'use',
        `a record of ${this.#handle.title}`,
        'its view is valid during the call of the visitor only; keep snapshot(view)',
      ),
    )
    return this.#noRecord
  }
}

export function ringBuffer<T = Uint8Array>(record?: Layout): MapKind<RingBuffer<T>> {
  return {
    create(handle) {
      noRecordSize(handle, 0)
      return new RingBuffer<T>(handle, record)
    },
  }
}
