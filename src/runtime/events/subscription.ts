import { Memo } from '../../codec/intrinsics.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'
import type { RecordDecoder } from './record-decoder.ts'
import type { Source } from './source.ts'

/** A stream of decoded records, until it is stopped. */
export interface Subscription extends Disposable {
  /** Ends the stream at once; unread records stay for others. A second call does nothing. */
  stop(): void
  /** Holds the process open while the stream lives. This is the default. */
  ref(): this
  unref(): this
}

export interface SubscribeOptions {
  /** Ends the subscription when it aborts. */
  signal?: AbortSignal | undefined
}

export interface BatchOptions extends SubscribeOptions {
  /** The largest number of records in an array; 1,024 by default. */
  max?: number | undefined
  /** Milliseconds for which an array that is not full waits for more, from its first record on; 0 by default. */
  within?: number | undefined
}

/** The sources of one subscriber, and how their records are decoded. */
export interface SubscriptionRequest<T> {
  /** One for a ring buffer, one for each CPU of a perf event array. */
  readonly sources: readonly Source[]
  /** Calls back for each source that is added later. @returns what removes the callback */
  onSourceAdded?(callback: (source: Source) => void): (() => void) | undefined
  readonly decoder: RecordDecoder<T>
  readonly keepAlive: KeepAlive
  /** Calls back when the map closes. @returns what removes the callback */
  onClose(callback: () => void): () => void
  /** Called once the subscriber has unsubscribed. */
  readonly onUnsubscribe?: (() => void) | undefined
}

/** A ring buffer or perf event array, which can be subscribed to, alone or with others. */
export interface RecordMap<T> extends AsyncIterable<T> {
  readonly malformed: number
}

/** Makes the request of one subscriber. @param operation for messages: `iterate over` */
export type MakeRequest = (operation: string) => SubscriptionRequest<unknown>

const requestMakers = /*#__PURE__*/ new Memo<object, MakeRequest>()

/** Registers how a map is subscribed to, for events(). Not by a method: a record's memory must not reach users. */
export function registerRecordMap(map: object, make: MakeRequest): void {
  requestMakers.set(map, make)
}

/** Returns how a map is subscribed to; undefined for a map that has no records. */
export function requestMakerOf(map: object): MakeRequest | undefined {
  return requestMakers.get(map)
}
