import { LostPosition } from './lost-position.ts'
import { uncaught } from './poller.ts'
import { SourceReaders } from './source-readers.ts'
import { lookAtClockEvery, sliceMilliseconds } from './source.ts'
import type { SubscriptionRequest, SubscribeOptions, Subscription } from './subscription.ts'

/** Calls a function for each record. */
export class ListenerSubscription<T> implements Subscription {
  readonly #readers: SourceReaders<T, true>
  readonly #signal: AbortSignal | undefined
  #stopped = false
  #scheduled = false
  #until = 0

  /** @throws {TypeError} when the listener is no function */
  constructor(
    openings: readonly SubscriptionRequest<T>[],
    listener: (record: T) => void,
    { signal }: SubscribeOptions = {},
  ) {
    let untilLook = lookAtClockEvery
    this.#signal = signal
    this.#readers = new SourceReaders(
      openings,
      (cursor, { minimumSize, decode, skip }) =>
        () => {
          while (cursor.advance()) {
            const { memory, offset, length } = cursor
            if (length < minimumSize) skip(length)
            else listener(decode(memory, offset, length))
            if (this.#stopped) return true
            if (--untilLook > 0) continue
            untilLook = lookAtClockEvery
            if (performance.now() > this.#until) return true
          }
          return undefined
        },
      () => this.#drain(),
      this.stop,
    )
    this.#readers.hold(this)
    signal?.addEventListener('abort', this.stop, { once: true })
    if (signal?.aborted) this.stop()
    // What waits already; not inside `on`, whose caller has not got the subscription yet.
    else this.#schedule()
  }

  readonly stop = (): void => {
    if (this.#stopped) return
    this.#stopped = true
    this.#readers.close()
    this.#readers.release(this)
    this.#signal?.removeEventListener('abort', this.stop)
  };

  [Symbol.dispose](): void {
    this.stop()
  }

  ref(): this {
    if (!this.#stopped) this.#readers.hold(this)
    return this
  }

  unref(): this {
    this.#readers.release(this)
    return this
  }

  /** Nobody called, and the ring can be read no further: an error that nobody could catch would end the process. */
  #end(reason: LostPosition): void {
    process.emitWarning(reason)
    this.stop()
  }

  #schedule(): void {
    if (this.#scheduled || this.#stopped) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#drain()
    })
  }

  #drain(): void {
    if (this.#stopped) return
    this.#until = performance.now() + sliceMilliseconds
    try {
      this.#readers.read()
    } catch (error) {
      if (error instanceof LostPosition) this.#end(error)
      else uncaught(error)
    }
    if (!this.#stopped && !this.#readers.settle()) this.#schedule()
  }
}

export function requireListener(whom: string, listener: unknown): void {
  if (typeof listener === 'function') return
  throw new TypeError(`${whom} takes a function that is called for each record`)
}
