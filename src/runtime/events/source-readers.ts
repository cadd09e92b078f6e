import type { Cursor, Source } from './source.ts'
import type { SubscriptionRequest, RecordDecoder } from './subscription.ts'

/** Reads one source. Undefined: nothing waits there, go on with the next. */
type Read<R> = () => R | undefined

interface Reader<R> {
  readonly opening: object
  readonly cursor: Cursor
  readonly read: Read<R>
}

/**
 * One subscriber's places in all that it reads. Sources are read in turn, so that a busy one does not keep the others
 * waiting; one that ends leaves, and with the last the subscriber ends.
 */
export class SourceReaders<T, R> {
  readonly #openings: readonly SubscriptionRequest<T>[]
  #readers: readonly Reader<R>[] = []
  readonly #forget: (() => void)[] = []
  #turn = 0
  #closed = false

  /** @param ready called when something may wait @param ended called when no source is left */
  constructor(
    openings: readonly SubscriptionRequest<T>[],
    readerOf: (cursor: Cursor, decoder: RecordDecoder<T>) => Read<R>,
    ready: () => void,
    ended: () => void,
  ) {
    this.#openings = openings
    try {
      const keep = (stays: (reader: Reader<R>) => boolean): void => {
        if (this.#readers.length === 0) return
        this.#readers = this.#readers.filter(stays)
        if (this.#readers.length === 0) ended()
      }
      for (const opening of openings) {
        const add = (source: Source): void => {
          const cursor = source.subscribe(ready, () => keep((reader) => reader.cursor !== cursor))
          const read = readerOf(cursor, opening.decoder)
          this.#readers = [...this.#readers, { opening, cursor, read }]
        }
        opening.sources.forEach(add)
        const leave = opening.onSourceAdded?.((source) => {
          add(source)
          ready()
        })
        if (leave) this.#forget.push(leave)
        // A ring that other handles have open goes on without this one.
        this.#forget.push(
          opening.onClose(() => {
            const gone = this.#readers.filter((reader) => reader.opening === opening)
            for (const { cursor } of gone) cursor.close()
            keep((reader) => reader.opening !== opening)
          }),
        )
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Reads source after source, until one gives something. */
  read(): R | undefined {
    const readers = this.#readers
    if (readers.length === 1) return readers[0]?.read()
    for (let left = readers.length; left > 0; left--) {
      if (++this.#turn >= readers.length) this.#turn = 0
      const result = readers[this.#turn]?.read()
      if (result !== undefined) return result
    }
    return undefined
  }

  /** Asks for a wake-up when something comes. False when something waits already. */
  settle(): boolean {
    let settled = true
    for (const { cursor } of this.#readers) settled = cursor.settle() && settled
    return settled
  }

  /** Holds the process open; each skeleton has its own say in it. */
  hold(member: object): void {
    for (const { keepAlive } of this.#openings) keepAlive.hold(member)
  }

  release(member: object): void {
    for (const { keepAlive } of this.#openings) keepAlive.release(member)
  }

  /** Leaves what is unread to others. Again: nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { cursor } of this.#readers) cursor.close()
    for (const forget of this.#forget) forget()
    for (const { onUnsubscribe: left } of this.#openings) left?.()
  }
}
