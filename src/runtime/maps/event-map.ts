import type { Layout } from '../../codec/layout.ts'
import { bytes } from '../../codec/layout.ts'
import type { LiveView } from '../../codec/live-view.ts'
import { liveView } from '../../codec/live-view.ts'
import { deadMemory } from '../../codec/memory.ts'
import type { Live } from '../../codec/view.ts'
import { BatchIterator, requireBatchOptions } from '../events/batch-iterator.ts'
import { ListenerSubscription, requireListener } from '../events/listener-subscription.ts'
import type { RecordDecoder } from '../events/record-decoder.ts'
import { recordDecoder } from '../events/record-decoder.ts'
import { RecordIterator } from '../events/record-iterator.ts'
import type { Source, RecordVisitor } from '../events/source.ts'
import type {
  BatchOptions,
  SubscriptionRequest,
  RecordMap,
  SubscribeOptions,
  Subscription,
} from '../events/subscription.ts'
import { registerRecordMap } from '../events/subscription.ts'
import { stateError } from '../host/error.ts'
import type { MapHandle } from './handle.ts'
import { BpfMap } from './map.ts'

/** The sources of a map's records, and what subscribing to them takes. */
export interface RecordFeed<O> {
  sources(operation: string, options: O): readonly Source[]
  /** @throws {TypeError} for an unknown option */
  requireOptions(options: O): void
  /** Calls back for each source that is added later. @returns what removes the callback */
  onSourceAdded?(callback: (source: Source) => void): (() => void) | undefined
  /** Called for each subscription. @returns what to call when it ends */
  onSubscribe?(options: O): (() => void) | undefined
}

/**
 * A stream of records that BPF programs send. Each loop and listener is a subscriber: it gets the records that wait unread
 * and all later ones. A record longer than its type is cut; a shorter one gets the elements of its last array that came, or
 * is skipped and counted as malformed.
 */
export abstract class EventMap<T, O extends SubscribeOptions>
  extends BpfMap
  implements AsyncIterable<T>, RecordMap<T>
{
  readonly #handle: MapHandle
  readonly #feed: RecordFeed<O>
  readonly #layout: Layout
  #malformed = 0
  /** The decoder of all calls of `consume`. */
  #consumeDecoder: RecordDecoder<T> | undefined
  #live: LiveView<T> | undefined
  #expired: DataView | undefined

  /** @param layout of a record; without one, records are copies of their bytes */
  constructor(handle: MapHandle, feed: RecordFeed<O>, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#feed = feed
    this.#layout = layout
    registerRecordMap(this, (operation) => this.#request(operation))
  }

  /**
   * How many records were skipped because they are too short for their type. Each subscription reports the first one as a
   * process warning.
   */
  get malformed(): number {
    return this.#malformed
  }

  /**
   * Calls the listener for each record, until stopped. An error that the listener throws is uncaught, as in any event
   * listener; the record counts as read.
   */
  on(listener: (record: T) => void, options?: O): Subscription {
    requireListener('on()', listener)
    return new ListenerSubscription([this.#request('subscribe to', options)], listener, options)
  }

  /** Iterates over records with `for await`. `break` and the signal end the loop at once; unread records stay. */
  records(options: O = {} as O): AsyncIterable<T> {
    this.#feed.requireOptions(options)
    return {
      [Symbol.asyncIterator]: () =>
        new RecordIterator([this.#request('iterate over', options)], options),
    }
  }

  /**
   * Iterates over arrays of records with `for await`: as many as wait, at most `max`. A step of a loop costs more than a
   * record, so this is nearly as fast as `on()`. `break` and the signal end the loop at once; unread records stay.
   */
  batches(options: O & BatchOptions = {} as O): AsyncIterable<T[]> {
    const { max, within, ...rest } = options
    requireBatchOptions('batches()', { max, within })
    const subscribeOptions = rest as unknown as O
    this.#feed.requireOptions(subscribeOptions)
    return {
      [Symbol.asyncIterator]: () =>
        new BatchIterator([this.#request('iterate over', subscribeOptions)], {
          signal: subscribeOptions.signal,
          max,
          within,
        }),
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new RecordIterator([this.#request('iterate over')])
  }

  /**
   * Visits the records that wait, at once. The view is one object for all records, over the kernel's own memory: it reads
   * without a copy, and only during the call.
   * @returns how many records there were, malformed ones among them
   */
  consume(visit: (view: Live<T>) => void): number {
    requireListener('consume()', visit)
    const sources = this.#feed.sources('consume', {} as O)
    const { minimumSize, skip } = (this.#consumeDecoder ??= this.#decoder())
    const live = (this.#live ??= liveView<T>(this.#layout, this.#expiredRecord()))
    // Read once, before the loop that runs for every record.
    const { point } = live
    const view = isViewed(this.#layout) ? live.view : undefined
    const visitor: RecordVisitor = {
      minimumSize,
      skip,
      point,
      view,
      visit: view === undefined ? () => visit(live.view) : (visit as (view: unknown) => void),
    }
    try {
      let visited = 0
      for (const source of sources) visited += source.consume(visitor)
      return visited
    } finally {
      point(this.#expiredRecord(), 0)
    }
  }

  #request(operation: string, options: O = {} as O): SubscriptionRequest<T> {
    this.#feed.requireOptions(options)
    return {
      sources: this.#feed.sources(operation, options),
      onSourceAdded: (callback) => this.#feed.onSourceAdded?.(callback),
      decoder: this.#decoder(),
      keepAlive: this.#handle.keepAlive,
      onClose: (callback) => this.#handle.onClose(callback),
      onUnsubscribe: this.#feed.onSubscribe?.(options),
    }
  }

  #decoder(): RecordDecoder<T> {
    return recordDecoder(this.#layout, this.#handle.title, () => this.#malformed++)
  }

  #expiredRecord(): DataView {
    this.#expired ??= deadMemory(() =>
      stateError(
        'use',
        `a record of ${this.#handle.title}`,
        'the view can be read only during the call that got it; take a copy with snapshot(view)',
      ),
    )
    return this.#expired
  }
}

/** Whether `consume` gives a view. Other layouts are read anew for each record. */
function isViewed({ kind }: Layout): boolean {
  return kind === 'struct' || kind === 'union' || kind === 'array' || kind === 'bytes'
}
