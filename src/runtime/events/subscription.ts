import { Memo } from '../../codec/intrinsics.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'
import type { Source } from './source.ts'

/** How records of one face of a map become values, and which cannot. */
export interface RecordDecoder<T> {
  /** Bytes that a record needs at least. */
  readonly minimumSize: number
  /** The value of the `length` bytes at `offset`. */
  decode(this: void, memory: DataView, offset: number, length: number): T
  /** Counts a record of so many bytes, which are too few. */
  skip(this: void, length: number): void
}

/** A stream of decoded records, until it is stopped. */
export interface Subscription extends Disposable {
  /** At once; what is unread stays for others. Again: nothing. */
  stop(): void
  /** Holds the process open while it lives (so it begins). */
  ref(): this
  unref(): this
}

export interface SubscribeOptions {
  /** Ends it. */
  signal?: AbortSignal | undefined
}

export interface BatchOptions extends SubscribeOptions {
  /** Records in an array, at most; 1,024 by default. */
  max?: number | undefined
  /** Milliseconds for which an array that is not full waits for more, from its first record on; 0 by default. */
  within?: number | undefined
}

/** What a subscriber reads, and how. */
export interface SubscriptionRequest<T> {
  /** Several in a perf event array: one a CPU. */
  readonly sources: readonly Source[]
  /** Tells of sources that join later. @returns what takes the callback back */
  onSourceAdded?(callback: (source: Source) => void): (() => void) | undefined
  readonly decoder: RecordDecoder<T>
  readonly keepAlive: KeepAlive
  /** Of the map as it was opened here. @returns what takes the callback back */
  onClose(callback: () => void): () => void
  /** Called once the subscriber is gone. */
  readonly onUnsubscribe?: (() => void) | undefined
}

/** What can be subscribed to, alone or with others: a map of records. */
export interface RecordMap<T> extends AsyncIterable<T> {
  readonly malformed: number
}

type Open = (operation: string) => SubscriptionRequest<unknown>

const openings = /*#__PURE__*/ new Memo<object, Open>()

/** Keeps how a map is opened, for those that read several at once. Its records' memory is nothing for others. */
export function keepOpening(map: object, open: Open): void {
  openings.set(map, open)
}

/** Undefined of what is no map of records. */
export function openingOf(map: object): Open | undefined {
  return openings.get(map)
}
