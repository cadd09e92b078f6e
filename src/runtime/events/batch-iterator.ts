import { SourceReaders } from './source-readers.ts'
import { recordsPerClockCheck, sliceMilliseconds } from './source.ts'
import type { BatchOptions, SubscriptionRequest } from './subscription.ts'

interface Waiter<T> {
  resolve(result: IteratorResult<T[], undefined>): void
  reject(error: unknown): void
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
const defaultMax = 1024

/**
 * An iterator over arrays of records: one step of `for await` for many records, since a step costs more than a record
 * does. An array is collected when it is asked for; the rest stays in the ring.
 */
export class BatchIterator<T> implements AsyncIterableIterator<T[]> {
  readonly #readers: SourceReaders<T, true>
  readonly #signal: AbortSignal | undefined
  readonly #patience: number
  readonly #waiters: Waiter<T>[] = []
  #batch: T[] = []
  #timer: NodeJS.Timeout | undefined
  /** Whether the array has waited for more records for `within` milliseconds. */
  #isDue = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #sliceEnd = performance.now() + sliceMilliseconds

  constructor(requests: readonly SubscriptionRequest<T>[], options: BatchOptions = {}) {
    const { signal, max = defaultMax, within = 0 } = options
    this.#signal = signal
    this.#patience = within
    this.#readers = new SourceReaders(
      requests,
      (cursor, { minimumSize, decode, skip }) =>
        () => {
          const batch = this.#batch
          let untilClockCheck = recordsPerClockCheck
          while (cursor.advance()) {
            const { memory, offset, length } = cursor
            if (length < minimumSize) skip(length)
            else if (batch.push(decode(memory, offset, length)) >= max) return true
            if (--untilClockCheck > 0) continue
            untilClockCheck = recordsPerClockCheck
            if (performance.now() > this.#sliceEnd) return true
          }
          return undefined
        },
      () => this.#serveWaiters(),
      this.#end,
    )
    signal?.addEventListener('abort', this.#end, { once: true })
    if (signal?.aborted) this.#end()
  }

  next(): Promise<IteratorResult<T[], undefined>> {
    if (this.#waiters.length === 0 && !this.#ended) {
      // A loop that never lacks a record would starve timers.
      if (performance.now() > this.#sliceEnd) setImmediate(() => this.#serveWaiters())
      else {
        const value = this.#take()
        if (value) return Promise.resolve({ done: false, value })
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#ended) this.#settleWaiters()
      else this.#readers.hold(this)
    })
  }

  return(): Promise<IteratorResult<T[], undefined>> {
    this.#end()
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** The next array, if it is ready. */
  #take(): T[] | undefined {
    try {
      const isFull = this.#collect()
      if (this.#batch.length === 0) {
        // A whole slice of time went to records that are too short.
        if (isFull) setImmediate(() => this.#serveWaiters())
        return undefined
      }
      if (isFull || this.#isDue || this.#patience === 0) return this.#takeBatch()
    } catch (error) {
      this.#failure = { error }
      this.#end()
      return undefined
    }
    this.#timer ??= setTimeout(() => {
      this.#isDue = true
      this.#serveWaiters()
    }, this.#patience)
    return undefined
  }

  /** Collects what waits. @returns whether more may wait than the array, or this slice of time, can hold */
  #collect(): boolean {
    for (;;) {
      if (this.#readers.read()) return true
      if (this.#ended || this.#readers.settle()) return false
    }
  }

  #takeBatch(): T[] {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    const batch = this.#batch
    this.#batch = []
    return batch
  }

  /** Resolves the promises of those that wait, as far as there are records. */
  #serveWaiters(): void {
    this.#sliceEnd = performance.now() + sliceMilliseconds
    while (!this.#ended && this.#waiters.length > 0) {
      const value = this.#take()
      if (!value) return
      this.#waiters.shift()?.resolve({ done: false, value })
    }
    this.#readers.release(this)
  }

  /** Gives those that wait the last records, then the error if there was one, then the end. */
  #settleWaiters(): void {
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      const failure = this.#failure
      if (this.#batch.length > 0) resolve({ done: false, value: this.#takeBatch() })
      else if (failure) {
        this.#failure = undefined
        reject(failure.error)
      } else resolve(end)
    }
  }

  readonly #end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#readers.close()
    this.#readers.release(this)
    this.#signal?.removeEventListener('abort', this.#end)
    clearTimeout(this.#timer)
    this.#settleWaiters()
  }
}

/** @param caller for the message: `batches()` @throws {RangeError} for a number of records or a time that is none */
export function requireBatchOptions(caller: string, { max, within }: BatchOptions): void {
  if (max !== undefined && !(Number.isSafeInteger(max) && max >= 1)) {
    throw new RangeError(
      `${caller}: max must be a whole number of records from 1 on, not ${String(max)}`,
    )
  }
  if (within !== undefined && !(Number.isFinite(within) && within >= 0 && within < 2 ** 31)) {
    throw new RangeError(
      `${caller}: within must be a number of milliseconds from 0 on, not ${String(within)}`,
    )
  }
}
