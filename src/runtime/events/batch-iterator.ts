import { SourceReaders } from './source-readers.ts'
import { lookAtClockEvery, sliceMilliseconds } from './source.ts'
import type { BatchOptions, SubscriptionRequest } from './subscription.ts'

interface Waiter<T> {
  resolve(result: IteratorResult<T[], undefined>): void
  reject(error: unknown): void
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
const defaultMax = 1024

/**
 * Records by arrays: one step of `for await` for many of them, since a step costs more than a record does. An array is
 * collected when it is asked for; what it does not take stays in the ring.
 */
export class BatchIterator<T> implements AsyncIterableIterator<T[]> {
  readonly #readers: SourceReaders<T, true>
  readonly #signal: AbortSignal | undefined
  readonly #within: number
  readonly #waiters: Waiter<T>[] = []
  #batch: T[] = []
  #timer: NodeJS.Timeout | undefined
  /** The array has waited for more for as long as it may. */
  #isDue = false
  #ended = false
  #failure: { readonly error: unknown } | undefined
  #until = performance.now() + sliceMilliseconds

  constructor(openings: readonly SubscriptionRequest<T>[], options: BatchOptions = {}) {
    const { signal, max = defaultMax, within = 0 } = options
    this.#signal = signal
    this.#within = within
    this.#readers = new SourceReaders(
      openings,
      (cursor, { minimumSize, decode, skip }) =>
        () => {
          const batch = this.#batch
          let untilLook = lookAtClockEvery
          while (cursor.advance()) {
            const { memory, offset, length } = cursor
            if (length < minimumSize) skip(length)
            else if (batch.push(decode(memory, offset, length)) >= max) return true
            if (--untilLook > 0) continue
            untilLook = lookAtClockEvery
            if (performance.now() > this.#until) return true
          }
          return undefined
        },
      () => this.#serve(),
      this.#end,
    )
    signal?.addEventListener('abort', this.#end, { once: true })
    if (signal?.aborted) this.#end()
  }

  next(): Promise<IteratorResult<T[], undefined>> {
    if (this.#waiters.length === 0 && !this.#ended) {
      // A loop that never lacks a record would starve timers.
      if (performance.now() > this.#until) setImmediate(() => this.#serve())
      else {
        const value = this.#take()
        if (value) return Promise.resolve({ done: false, value })
      }
    }
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#ended) this.#finish()
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
      const isFull = this.#fill()
      if (this.#batch.length === 0) {
        // Nothing but records that are too short, for as long as a slice lasts.
        if (isFull) setImmediate(() => this.#serve())
        return undefined
      }
      if (isFull || this.#isDue || this.#within === 0) return this.#cut()
    } catch (error) {
      this.#failure = { error }
      this.#end()
      return undefined
    }
    this.#timer ??= setTimeout(() => {
      this.#isDue = true
      this.#serve()
    }, this.#within)
    return undefined
  }

  /** Takes what waits. Whether there may be more than the array, or this slice of time, can hold. */
  #fill(): boolean {
    for (;;) {
      if (this.#readers.read()) return true
      if (this.#ended || this.#readers.settle()) return false
    }
  }

  #cut(): T[] {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isDue = false
    const batch = this.#batch
    this.#batch = []
    return batch
  }

  /** Gives those that wait what there is. */
  #serve(): void {
    this.#until = performance.now() + sliceMilliseconds
    while (!this.#ended && this.#waiters.length > 0) {
      const value = this.#take()
      if (!value) return
      this.#waiters.shift()?.resolve({ done: false, value })
    }
    this.#readers.release(this)
  }

  /** What is left, then what went wrong, then the end. */
  #finish(): void {
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      const failure = this.#failure
      if (this.#batch.length > 0) resolve({ done: false, value: this.#cut() })
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
    this.#finish()
  }
}

/** @param whom for the message @throws {TypeError | RangeError} for a size or time that is none */
export function requireBatchOptions(whom: string, { max, within }: BatchOptions): void {
  if (max !== undefined && !(Number.isSafeInteger(max) && max >= 1)) {
    throw new RangeError(`${whom} takes a number of records from 1 on as max, not ${String(max)}`)
  }
  if (within !== undefined && !(Number.isFinite(within) && within >= 0 && within < 2 ** 31)) {
    throw new RangeError(`${whom} takes milliseconds from 0 on as within, not ${String(within)}`)
  }
}
