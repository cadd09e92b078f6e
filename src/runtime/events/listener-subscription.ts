import { LostPositionError } from './lost-position-error.ts'
import { throwUncaught } from './poller.ts'
import { SourceReaders } from './source-readers.ts'
import { recordsPerClockCheck, sliceMilliseconds } from './source.ts'
import type { SubscriptionRequest, SubscribeOptions, Subscription } from './subscription.ts'

/** A subscription that calls a function for each record. */
export class ListenerSubscription<T> implements Subscription {
  readonly #readers: SourceReaders<T, true>
  readonly #signal: AbortSignal | undefined
  #stopped = false
  #scheduled = false
  #sliceEnd = 0

  /** @throws {TypeError} when the listener is no function */
  constructor(
    requests: readonly SubscriptionRequest<T>[],
    listener: (record: T) => void,
    { signal }: SubscribeOptions = {},
  ) {
    let untilClockCheck = recordsPerClockCheck
    this.#signal = signal
    this.#readers = new SourceReaders(
      requests,
      (cursor, { minimumSize, decode, skip }) =>
        () => {
          while (cursor.advance()) {
            const { memory, offset, length } = cursor
            if (length < minimumSize) skip(length)
            else listener(decode(memory, offset, length))
            if (this.#stopped) return true
            if (--untilClockCheck > 0) continue
            untilClockCheck = recordsPerClockCheck
            if (performance.now() > this.#sliceEnd) return true
          }
          return undefined
        },
      () => this.#drain(),
      this.stop,
    )
    this.#readers.hold(this)
    signal?.addEventListener('abort', this.stop, { once: true })
    if (signal?.aborted) this.stop()
    // Records may wait already. Not at once: the caller of `on` does not have the subscription yet.
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

  /** Warns and stops: nobody called, and an error that nobody can catch would end the process. */
  #endWithWarning(reason: LostPositionError): void {
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
    this.#sliceEnd = performance.now() + sliceMilliseconds
    try {
      this.#readers.read()
    } catch (error) {
      if (error instanceof LostPositionError) this.#endWithWarning(error)
      else throwUncaught(error)
    }
    if (!this.#stopped && !this.#readers.settle()) this.#schedule()
  }
}

/** @param caller for the message: `on()` @throws {TypeError} */
export function requireListener(caller: string, listener: unknown): void {
  if (typeof listener === 'function') return
  throw new TypeError(`${caller} takes a function, not ${typeof listener}`)
}
