import { SourceReaders } from './source-readers.ts'
import { recordsPerClockCheck, sliceMilliseconds } from './source.ts'
import type { SubscriptionRequest, SubscribeOptions } from './subscription.ts'

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

/** An iterator for `for await`: a record is decoded when it is asked for, and stays in the ring until then. */
export class RecordIterator<T> implements AsyncIterableIterator<T> {
  readonly #readers: SourceReaders<T, IteratorYieldResult<T>>
  readonly #signal: AbortSignal | undefined
  readonly #waiters: Waiter<T>[] = []
  #ended = false
  #untilClockCheck = recordsPerClockCheck
  #sliceEnd = performance.now() + sliceMilliseconds

  constructor(requests: readonly SubscriptionRequest<T>[], { signal }: SubscribeOptions = {}) {
    this.#signal = signal
    this.#readers = new SourceReaders(
      requests,
      (cursor, { minimumSize, decode, skip }) =>
        () => {
          while (cursor.advance()) {
            const { memory, offset, length } = cursor
            if (length >= minimumSize) return { done: false, value: decode(memory, offset, length) }
            skip(length)
          }
          return undefined
        },
      () => this.#serveWaiters(),
      this.#end,
    )
    signal?.addEventListener('abort', this.#end, { once: true })
    if (signal?.aborted) this.#end()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return Promise.resolve(end)
    if (this.#waiters.length > 0) return this.#wait()
    if (--this.#untilClockCheck <= 0) {
      this.#untilClockCheck = recordsPerClockCheck
      if (performance.now() > this.#sliceEnd) {
        // A loop that never lacks a record would starve timers.
        const result = this.#wait()
        setImmediate(() => this.#serveWaiters())
        return result
      }
    }
    try {
      const result = this.#read()
      if (result) return Promise.resolve(result)
    } catch (error) {
      // `for await` does not call return() then.
      this.#end()
      return Promise.reject(error as Error)
    }
    // A getter or the decoder may have destroyed the map.
    return this.#ended ? Promise.resolve(end) : this.#wait()
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#end()
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #read(): IteratorYieldResult<T> | undefined {
    for (;;) {
      const result = this.#readers.read()
      if (result || this.#ended || this.#readers.settle()) return result
    }
  }

  #wait(): Promise<IteratorResult<T, undefined>> {
    this.#readers.hold(this)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Resolves the promises of those that wait, as far as there are records. */
  #serveWaiters(): void {
    this.#sliceEnd = performance.now() + sliceMilliseconds
    while (!this.#ended && this.#waiters.length > 0) {
      try {
        const result = this.#read()
        if (!result) return
        this.#waiters.shift()?.resolve(result)
      } catch (error) {
        this.#waiters.shift()?.reject(error)
        this.#end()
      }
    }
    if (this.#waiters.length === 0) this.#readers.release(this)
  }

  readonly #end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#readers.close()
    this.#readers.release(this)
    this.#signal?.removeEventListener('abort', this.#end)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(end)
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
