import { compiled } from '../codec/compiled.ts'
import type { Layout } from '../codec/layout.ts'
import { bytes } from '../codec/layout.ts'
import type { LiveView } from '../codec/live-view.ts'
import { liveView } from '../codec/live-view.ts'
import { deadMemory } from '../codec/memory.ts'
import type { Live } from '../codec/view.ts'
import { stateError } from '../error.ts'
import type { Opening, RecordDecoder, SubscribeOptions, Subscription } from '../events/records.ts'
import { Listening, RecordIterator } from '../events/records.ts'
import type { Source } from '../events/source.ts'
import type { MapHandle } from './handle.ts'
import { BpfMap } from './map.ts'

/**
 * A stream of records from the kernel's programs. Each way to read is a subscriber: it sees what waits unread and every
 * record after. A record longer than its type is cut; a shorter one gives its last array what came, or is skipped and
 * counted as malformed.
 */
export abstract class EventMap<T, O extends SubscribeOptions>
  extends BpfMap
  implements AsyncIterable<T>
{
  readonly #handle: MapHandle
  readonly #layout: Layout
  readonly #decoder: RecordDecoder<T>
  #live: LiveView<T> | undefined
  #noRecord: DataView | undefined

  /** @param layout without one a record is a copy of all its bytes */
  constructor(handle: MapHandle, layout: Layout = bytes(0)) {
    super(handle)
    this.#handle = handle
    this.#layout = layout
    this.#decoder = { compiled: compiled<T>(layout), malformed: 0 }
  }

  /** Where the records come from. @throws {TypeError} for options it does not know @internal */
  protected abstract source(operation: string, options: O): Source

  /** Records that this face of the map skipped, too short for its type. */
  get malformed(): number {
    return this.#decoder.malformed
  }

  /**
   * Calls the listener for each record, until stopped. An error that it throws is uncaught, as in any event listener;
   * the record counts as read.
   */
  on(listener: (record: T) => void, options?: O): Subscription {
    if (typeof listener !== 'function')
      throw new TypeError('on() takes a function that is given each record')
    return new Listening(this.opening('subscribe to', options), listener)
  }

  /** Records for `for await`. `break` and the signal end it at once and leave what is unread. */
  records(options?: O): AsyncIterable<T> {
    return {
      [Symbol.asyncIterator]: () => new RecordIterator(this.opening('iterate over', options)),
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new RecordIterator(this.opening('iterate over'))
  }

  /**
   * Visits what waits, at once. The view is one object for all records, over the kernel's own memory: reading it is
   * free of copies, and possible during the call only.
   * @returns how many records there were, malformed ones among them
   */
  consume(visit: (view: Live<T>) => void): number {
    const source = this.source('consume', {} as O)
    const decoder = this.#decoder
    const { minimumSize } = decoder.compiled
    const live = (this.#live ??= liveView<T>(this.#layout, this.#gone()))
    // Once, before the loop: this runs for every record.
    const { point } = live
    const view = isViewed(this.#layout) ? live.view : undefined
    try {
      return source.consume((memory, offset, length) => {
        if (length < minimumSize) {
          decoder.malformed++
          return
        }
        point(memory, offset, length)
        visit(view === undefined ? live.view : view)
      })
    } finally {
      point(this.#gone(), 0)
    }
  }

  /** @internal */
  opening(operation: string, options: O = {} as O): Opening<T> {
    return {
      source: this.source(operation, options),
      decoder: this.#decoder,
      keepAlive: this.#handle.keepAlive,
      signal: options.signal,
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

/** Other layouts are their value, read anew for each record. */
function isViewed({ kind }: Layout): boolean {
  return kind === 'struct' || kind === 'union' || kind === 'array' || kind === 'bytes'
}
