import type { Compiled } from '../codec/compiled.ts'
import type { KeepAlive } from '../keep-alive.ts'
import { uncaught } from './poller.ts'
import type { Cursor, Source, Visit } from './source.ts'
import { sliceMilliseconds } from './source.ts'

/** How records of one face of a map become values, and which cannot. */
export interface RecordDecoder<T> {
  readonly compiled: Compiled<T>
  /** Records too short for the type, skipped. */
  malformed: number
}

/** A stream of decoded records, until it is stopped. */
export interface Subscription {
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

/** How to open a subscriber's place, once. */
export interface Opening<T> {
  source: Source
  decoder: RecordDecoder<T>
  keepAlive: KeepAlive
  signal?: AbortSignal | undefined
}

/** Calls a function for each record. */
export class Listening<T> implements Subscription {
  readonly #cursor: Cursor
  readonly #visit: Visit
  readonly #keepAlive: KeepAlive
  readonly #signal: AbortSignal | undefined
  #stopped = false
  #scheduled = false
  #until = 0

  constructor({ source, decoder, keepAlive, signal }: Opening<T>, listener: (record: T) => void) {
    const { compiled } = decoder
    let untilLook = lookAtClockEvery
    this.#visit = (memory, offset, length) => {
      if (length < compiled.minimumSize) decoder.malformed++
      else listener(compiled.decode(memory, offset, length))
      if (this.#stopped) return true
      if (--untilLook > 0) return false
      untilLook = lookAtClockEvery
      return performance.now() > this.#until
    }
    this.#keepAlive = keepAlive
    this.#signal = signal
    this.#cursor = source.subscribe(() => this.#drain(), this.stop)
    keepAlive.hold(this)
    signal?.addEventListener('abort', this.stop, { once: true })
    if (signal?.aborted) this.stop()
    // What waits already; not inside `on`, whose caller has not got the subscription yet.
    else this.#schedule()
  }

  readonly stop = (): void => {
    if (this.#stopped) return
    this.#stopped = true
    this.#cursor.close()
    this.#keepAlive.release(this)
    this.#signal?.removeEventListener('abort', this.stop)
  }

  ref(): this {
    if (!this.#stopped) this.#keepAlive.hold(this)
    return this
  }

  unref(): this {
    this.#keepAlive.release(this)
    return this
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
      this.#cursor.walk(this.#visit)
    } catch (error) {
      uncaught(error)
    }
    if (!this.#stopped && !this.#cursor.settle()) this.#schedule()
  }
}

/** Records between looks at the clock, which costs as much as several of them. */
const lookAtClockEvery = 64

interface Waiter<T> {
  resolve(result: IteratorResult<T, undefined>): void
  reject(error: unknown): void
}

/** What `for await` pulls from: a record is decoded when it is asked for, and stays in the ring until then. */
export class RecordIterator<T> implements AsyncIterableIterator<T> {
  readonly #cursor: Cursor
  readonly #keepAlive: KeepAlive
  readonly #signal: AbortSignal | undefined
  readonly #take: Visit
  readonly #waiters: Waiter<T>[] = []
  #taken: IteratorResult<T, undefined> | undefined
  #ended = false
  #untilLook = lookAtClockEvery
  #until = performance.now() + sliceMilliseconds

  constructor({ source, decoder, keepAlive, signal }: Opening<T>) {
    const { compiled } = decoder
    this.#take = (memory, offset, length) => {
      if (length < compiled.minimumSize) {
        decoder.malformed++
        return false
      }
      this.#taken = { done: false, value: compiled.decode(memory, offset, length) }
      return true
    }
    this.#keepAlive = keepAlive
    this.#signal = signal
    this.#cursor = source.subscribe(() => this.#serve(), this.#end)
    signal?.addEventListener('abort', this.#end, { once: true })
    if (signal?.aborted) this.#end()
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#ended) return Promise.resolve(end)
    if (this.#waiters.length > 0) return this.#wait()
    if (--this.#untilLook <= 0) {
      this.#untilLook = lookAtClockEvery
      if (performance.now() > this.#until) {
        // A loop that never lacks a record would starve timers.
        const result = this.#wait()
        setImmediate(() => this.#serve())
        return result
      }
    }
    try {
      const taken = this.#read()
      if (taken) return Promise.resolve(taken)
    } catch (error) {
      return Promise.reject(error as Error)
    }
    return this.#wait()
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#end()
    return Promise.resolve(end)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #read(): IteratorResult<T, undefined> | undefined {
    this.#taken = undefined
    do this.#cursor.walk(this.#take)
    while (!this.#taken && !this.#ended && !this.#cursor.settle())
    return this.#taken
  }

  #wait(): Promise<IteratorResult<T, undefined>> {
    this.#keepAlive.hold(this)
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }))
  }

  /** Gives those that wait what there is. */
  #serve(): void {
    this.#until = performance.now() + sliceMilliseconds
    while (!this.#ended && this.#waiters.length > 0) {
      try {
        const taken = this.#read()
        if (!taken) return
        this.#waiters.shift()?.resolve(taken)
      } catch (error) {
        this.#waiters.shift()?.reject(error)
      }
    }
    if (this.#waiters.length === 0) this.#keepAlive.release(this)
  }

  readonly #end = (): void => {
    if (this.#ended) return
    this.#ended = true
    this.#cursor.close()
    this.#keepAlive.release(this)
    this.#signal?.removeEventListener('abort', this.#end)
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(end)
  }
}

const end: IteratorReturnResult<undefined> = { done: true, value: undefined }
