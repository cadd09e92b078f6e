import type { RecordDecoder } from './record-decoder.ts'
import type { Cursor, Source } from './source.ts'
import type { SubscriptionRequest } from './subscription.ts'

/** Reads one source. Undefined when nothing waits there. */
type Read<R> = () => R | undefined

interface Reader<R> {
  readonly request: object
  readonly cursor: Cursor
  readonly read: Read<R>
}

/**
 * One subscriber's cursors in all the sources that it reads. Sources are read in turn, so that a busy one does not keep
 * the others waiting. A source that ends is removed; the subscriber ends with the last.
 */
export class SourceReaders<T, R> {
  readonly #requests: readonly SubscriptionRequest<T>[]
  #readers: readonly Reader<R>[] = []
  readonly #unregister: (() => void)[] = []
  #turn = 0
  #closed = false

  /** @param ready called when a record may wait @param ended called when no source is left */
  constructor(
    requests: readonly SubscriptionRequest<T>[],
    readerOf: (cursor: Cursor, decoder: RecordDecoder<T>) => Read<R>,
    ready: () => void,
    ended: () => void,
  ) {
    this.#requests = requests
    try {
      const retain = (isRetained: (reader: Reader<R>) => boolean): void => {
        if (this.#readers.length === 0) return
        this.#readers = this.#readers.filter(isRetained)
        if (this.#readers.length === 0) ended()
      }
      for (const request of requests) {
        const add = (source: Source): void => {
          const cursor = source.subscribe(ready, () => retain((reader) => reader.cursor !== cursor))
          const read = readerOf(cursor, request.decoder)
          this.#readers = [...this.#readers, { request, cursor, read }]
        }
        request.sources.forEach(add)
        const remove = request.onSourceAdded?.((source) => {
          add(source)
          ready()
        })
        if (remove) this.#unregister.push(remove)
        // A ring that other handles have open stays open.
        this.#unregister.push(
          request.onClose(() => {
            const closed = this.#readers.filter((reader) => reader.request === request)
            for (const { cursor } of closed) cursor.close()
            retain((reader) => reader.request !== request)
          }),
        )
      }
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Reads source after source, until one gives a result. */
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

  /** Asks all sources for a wake-up. False when a record waits already. */
  settle(): boolean {
    let settled = true
    for (const { cursor } of this.#readers) settled = cursor.settle() && settled
    return settled
  }

  /** Holds the process open, unless `unref()` of the skeleton lets it end. */
  hold(member: object): void {
    for (const { keepAlive } of this.#requests) keepAlive.hold(member)
  }

  release(member: object): void {
    for (const { keepAlive } of this.#requests) keepAlive.release(member)
  }

  /** Unsubscribes; unread records stay for others. A second call does nothing. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { cursor } of this.#readers) cursor.close()
    for (const unregister of this.#unregister) unregister()
    for (const { onUnsubscribe } of this.#requests) onUnsubscribe?.()
  }
}
