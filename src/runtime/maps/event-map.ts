import { compiled } from '../../codec/compiled.ts'
import type { Layout } from '../../codec/layout.ts'
import { bytes, sizeOf } from '../../codec/layout.ts'
import type { LiveView } from '../../codec/live-view.ts'
import { liveView } from '../../codec/live-view.ts'
import { deadMemory } from '../../codec/memory.ts'
import type { Live } from '../../codec/view.ts'
import { BatchIterator, requireBatchOptions } from '../events/batch-iterator.ts'
import { ListenerSubscription, requireListener } from '../events/listener-subscription.ts'
import { RecordIterator } from '../events/record-iterator.ts'
import type { Source, Viewer } from '../events/source.ts'
import type {
  BatchOptions,
  SubscriptionRequest,
  RecordDecoder,
  RecordMap,
  SubscribeOptions,
  Subscription,
} from '../events/subscription.ts'
import { keepOpening } from '../events/subscription.ts'
import { stateError } from '../host/error.ts'
import type { MapHandle } from './handle.ts'
import { BpfMap } from './map.ts'

/** Where the records of a map come from. */
export interface Feed<O> {
  sources(operation: string, options: O): readonly Source[]
  /** @throws {TypeError} for options it does not know */
  requireOptions(options: O): void
  /** Tells of sources that join later. */
  joining?(callback: (source: Source) => void): (() => void) | undefined
  /** What a subscription begins besides reading. @returns what ends it */
  joined?(options: O): (() => void) | undefined
}

/**
 * A stream of records from the kernel's programs. Each way to read is a subscriber: it sees what waits unread and every
 * record after. A record longer than its type is cut; a shorter one gives its last array what came, or is skipped and
 * counted as malformed.
 */
export abstract class EventMap<T, O extends SubscribeOptions>
  extends BpfMap
  implements AsyncIterable<T>, RecordMap<T>
{
  readonly #handle: MapHandle
  readonly #feed: Feed<O>
  readonly #layout: Layout
  #malformed = 0
  /** Of all calls of `consume`. */
  #consuming: RecordDecoder<T> | undefined
  #live: LiveView<T> | undefined
  #noRecord: DataView | undefined

  /** @param layout without one a record is a copy of all its bytes */
  constructor(handle: MapHandle, feed: Feed<O>, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#feed = feed
    this.#layout = layout
    keepOpening(this, (operation) => this.#opening(operation))
  }

  /**
   * Records that this face of the map skipped, too short for its type. Each subscription says of the first one how long
   * it was, as a process warning.
   */
  get malformed(): number {
    return this.#malformed
  }

  /**
   * Calls the listener for each record, until stopped. An error that it throws is uncaught, as in any event listener;
   * the record counts as read.
   */
  on(listener: (record: T) => void, options?: O): Subscription {
    requireListener('on()', listener)
    return new ListenerSubscription([this.#opening('subscribe to', options)], listener, options)
  }

  /** Records for `for await`. `break` and the signal end it at once and leave what is unread. */
  records(options: O = {} as O): AsyncIterable<T> {
    this.#feed.requireOptions(options)
    return {
      [Symbol.asyncIterator]: () =>
        new RecordIterator([this.#opening('iterate over', options)], options),
    }
  }

  /**
   * Records by arrays for `for await`: as many as wait, at most `max`. A step of the loop costs more than a record, so this
   * is nearly as fast as `on()`. `break` and the signal end it at once and leave what is unread.
   */
  batches(options: O & BatchOptions = {} as O): AsyncIterable<T[]> {
    const { max, within, ...rest } = options
    requireBatchOptions('batches()', { max, within })
    const own = rest as unknown as O
    this.#feed.requireOptions(own)
    return {
      [Symbol.asyncIterator]: () =>
        new BatchIterator([this.#opening('iterate over', own)], {
          signal: own.signal,
          max,
          within,
        }),
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new RecordIterator([this.#opening('iterate over')])
  }

  /**
   * Visits what waits, at once. The view is one object for all records, over the kernel's own memory: reading it is
   * free of copies, and possible during the call only.
   * @returns how many records there were, malformed ones among them
   */
  consume(visit: (view: Live<T>) => void): number {
    requireListener('consume()', visit)
    const sources = this.#feed.sources('consume', {} as O)
    const { minimumSize, skip } = (this.#consuming ??= this.#decoder())
    const live = (this.#live ??= liveView<T>(this.#layout, this.#gone()))
    // Once, before the loop: this runs for every record.
    const { point } = live
    const view = isViewed(this.#layout) ? live.view : undefined
    const viewer: Viewer = {
      minimumSize,
      skip,
      point,
      view,
      visit: view === undefined ? () => visit(live.view) : (visit as (view: unknown) => void),
    }
    try {
      let visited = 0
      for (const source of sources) visited += source.consume(viewer)
      return visited
    } finally {
      point(this.#gone(), 0)
    }
  }

  #opening(operation: string, options: O = {} as O): SubscriptionRequest<T> {
    this.#feed.requireOptions(options)
    return {
      sources: this.#feed.sources(operation, options),
      onSourceAdded: (callback) => this.#feed.joining?.(callback),
      decoder: this.#decoder(),
      keepAlive: this.#handle.keepAlive,
      onClose: (callback) => this.#handle.onClose(callback),
      onUnsubscribe: this.#feed.joined?.(options),
    }
  }

  /** Of one subscription, which says once that records are too short for it. */
  #decoder(): RecordDecoder<T> {
    const { minimumSize, decode } = compiled<T>(this.#layout)
    let isSaid = false
    return {
      minimumSize,
      decode,
      skip: (length) => {
        this.#malformed++
        if (isSaid) return
        isSaid = true
        process.emitWarning(tooShort(this.#handle.title, length, this.#layout, minimumSize))
      },
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

function tooShort(title: string, length: number, layout: Layout, needed: number): string {
  const name = 'name' in layout && layout.name !== '' ? ` ${layout.name}` : ''
  const least = needed === sizeOf(layout) ? '' : 'at least '
  return (
    `${title}: a record of ${length} bytes was skipped: its type${name} takes ${least}${needed}. Give as() the type that ` +
    'the program sends. This is said once a subscription; `malformed` counts what is skipped.'
  )
}

/** Other layouts are their value, read anew for each record. */
function isViewed({ kind }: Layout): boolean {
  return kind === 'struct' || kind === 'union' || kind === 'array' || kind === 'bytes'
}
