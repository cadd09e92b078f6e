import type { Opening, RecordDecoder } from './records.ts'
import type { Cursor, Visit } from './source.ts'

interface Reader {
  readonly cursor: Cursor
  readonly visit: Visit
}

/**
 * One subscriber's places in all that it reads. Sources are read in turn, so that a busy one does not keep the others
 * waiting; one that ends leaves, and with the last the subscriber ends.
 */
export class Readers<T> {
  readonly #openings: readonly Opening<T>[]
  #readers: readonly Reader[] = []
  #turn = 0
  #closed = false

  /** @param ready called when something may wait @param ended called when no source is left */
  constructor(
    openings: readonly Opening<T>[],
    visitor: (decoder: RecordDecoder<T>) => Visit,
    ready: () => void,
    ended: () => void,
  ) {
    this.#openings = openings
    try {
      for (const { sources, decoder } of openings) {
        const visit = visitor(decoder)
        for (const source of sources) {
          const cursor = source.subscribe(ready, () => {
            this.#readers = this.#readers.filter((reader) => reader.cursor !== cursor)
            if (this.#readers.length === 0) ended()
          })
          this.#readers = [...this.#readers, { cursor, visit }]
        }
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Visits what waits, source after source, until a visitor stops. */
  walk(): void {
    const readers = this.#readers
    for (let left = readers.length; left > 0; left--) {
      if (++this.#turn >= readers.length) this.#turn = 0
      const reader = readers[this.#turn]
      if (!reader) return
      reader.cursor.walk(reader.visit)
      if (reader.cursor.stopped) return
    }
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
    for (const { left } of this.#openings) left?.()
  }
}
