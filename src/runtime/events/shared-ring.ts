import { Buffer, Bytes, lengthOfBytes, max, Memory, min, setBytes } from '../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../codec/memory.ts'
import { stateError } from '../host/error.ts'
import type { Watch, WatchTarget } from './poller.ts'
import { watch } from './poller.ts'
import type { Cursor, Source, RecordVisitor } from './source.ts'

const empty = new Bytes(0)
const noMemory = new Memory(new Buffer(0))

/** A reader's position in a ring, and the record that it read last. */
export class RingCursor {
  /** The position of the next record, in bytes since the ring was made. */
  position: number
  /** The position from which on to release what was read. */
  releaseAt: number
  /** The position at which to stop. */
  limit: number = Infinity
  memory: DataView = noMemory
  offset = 0
  length = 0
  #copied = new Bytes(0)
  #copiedMemory: DataView = noMemory

  constructor(position: number) {
    this.position = position
    this.releaseAt = position
  }

  /** Makes a copy of these bytes the record: they may not stay, or lie in two pieces. */
  copy(first: Uint8Array, second: Uint8Array = empty): void {
    const length = lengthOfBytes(first) + lengthOfBytes(second)
    if (lengthOfBytes(this.#copied) < length) {
      this.#copied = new Bytes(2 * length)
      this.#copiedMemory = readOnlyMemory(new Memory(this.#copied.buffer), recordRefusal)
    }
    setBytes(this.#copied, first)
    setBytes(this.#copied, second, lengthOfBytes(first))
    this.memory = this.#copiedMemory
    this.offset = 0
    this.length = length
  }
}

/** Returns the error of a write to a record. */
export function recordRefusal(): Error {
  return stateError(
    'write to',
    'a record',
    'it is memory of the kernel; take a copy with snapshot(view)',
  )
}

/** Milliseconds after which a subscriber that is ahead of a slower one looks for records by itself. */
const pollInterval = 5

/**
 * A ring that the kernel fills and several subscribers read, each at its own pace: what the slowest has not read stays.
 * A ring has one consumer position, so a process has one SharedRing for it.
 */
export abstract class SharedRing implements Source {
  readonly #subscribers = new Set<Subscriber>()
  #watch: Watch | undefined
  #closed = false
  #consuming = false
  /** The position up to which `consume` has read; a slower subscriber may hold the consumer position back. */
  readonly #consumed: RingCursor
  /** The consumer position that the kernel has. */
  protected released: number

  constructor(consumerPosition: number) {
    this.released = consumerPosition
    this.#consumed = new RingCursor(consumerPosition)
  }

  /** Returns the descriptor to wait for. */
  protected abstract watchTarget(): WatchTarget
  /** Moves the cursor to the next record; false when none waits. The ring must not be closed. */
  abstract advance(cursor: RingCursor): boolean
  /** Whether a record waits for `cursor`, read from the kernel's memory anew. */
  protected abstract hasUnread(cursor: RingCursor): boolean
  /** Returns the position at which the kernel will put the next record. */
  protected abstract producerPosition(): number
  /** Gives the kernel the consumer position, with a full memory barrier. */
  protected abstract storeConsumerPosition(position: number): void
  protected abstract unmap(): void

  get closed(): boolean {
    return this.#closed
  }

  /** @param ready called when something may wait @param ended called when the ring is gone */
  subscribe(ready: () => void, ended: () => void): Cursor {
    if (this.#closed) throw stateError('subscribe to', 'events', 'their map was closed')
    const subscriber = new Subscriber(this, this.released, ready, ended)
    this.#subscribers.add(subscriber)
    this.#watch ??= watch(this.watchTarget(), () => {
      for (const each of this.#subscribers) each.ready()
    })
    return subscriber
  }

  /**
   * Visits the records that wait now. Those that come meanwhile are for the next call, so that each call ends.
   * @returns how many records there were
   */
  consume(visitor: RecordVisitor): number {
    if (this.#consuming) {
      throw stateError(
        'consume',
        'events',
        'consume() of this map is already running; let it return first',
      )
    }
    this.#consuming = true
    const cursor = this.#consumed
    cursor.position = max(this.released, cursor.position)
    cursor.limit = this.producerPosition()
    try {
      return this.visitRecords(cursor, visitor)
    } finally {
      this.#consuming = false
      this.release()
    }
  }

  /** Visits the records that wait before the cursor's limit. */
  protected visitRecords(
    cursor: RingCursor,
    { minimumSize, skip, point, view, visit }: RecordVisitor,
  ): number {
    let visited = 0
    while (!this.#closed && this.advance(cursor)) {
      visited++
      if (cursor.length < minimumSize) skip(cursor.length)
      else {
        point(cursor.memory, cursor.offset, cursor.length)
        visit(view)
      }
    }
    return visited
  }

  /**
   * Asks the kernel for a wake-up at the next record. False when a record came meanwhile, and no wake-up is sure to come.
   */
  settle(subscriber: Subscriber): boolean {
    // The kernel wakes nobody while it sees unread records. Store, then look: either the kernel sees the new position
    // and sends a wake-up, or the record is seen here.
    this.release()
    return !this.hasUnread(subscriber)
  }

  /** Lets the kernel reuse what every subscriber has read; without subscribers, what `consume` has read. */
  release(): void {
    if (this.#closed) return
    let position = Infinity
    for (const subscriber of this.#subscribers) position = min(position, subscriber.position)
    if (position === Infinity) position = this.#consumed.position
    if (position <= this.released) return
    this.released = position
    this.storeConsumerPosition(position)
  }

  /** Corrects a consumer position that is past `end`, where the last record ends. */
  protected resetTo(end: number): void {
    this.released = min(this.released, end)
    this.#consumed.position = min(this.#consumed.position, end)
    this.storeConsumerPosition(this.released)
  }

  /** Whether a slower subscriber holds the consumer position back, so that no wake-up comes. */
  isAhead(subscriber: Subscriber): boolean {
    return subscriber.position > this.released
  }

  unsubscribe(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    if (this.#subscribers.size === 0) {
      // Its unread records stay for the next subscriber.
      const { position } = subscriber
      this.#consumed.position = max(this.#consumed.position, position)
      this.#watch?.close()
      this.#watch = undefined
    }
    this.release()
  }

  /** Whether no record waits for any reader. */
  get isDrained(): boolean {
    if (this.#subscribers.size === 0) return !this.hasUnread(this.#consumed)
    return ![...this.#subscribers].some((subscriber) => this.hasUnread(subscriber))
  }

  /** Ends all subscribers, before the descriptor closes. */
  close(): void {
    if (this.#closed) return
    this.release()
    this.#closed = true
    this.#watch?.close()
    for (const subscriber of this.#subscribers) {
      this.#subscribers.delete(subscriber)
      subscriber.end()
    }
    this.unmap()
  }
}

class Subscriber extends RingCursor implements Cursor {
  readonly #ring: SharedRing
  readonly #ready: () => void
  readonly #ended: () => void
  #pollTimer: NodeJS.Timeout | undefined

  constructor(ring: SharedRing, position: number, ready: () => void, ended: () => void) {
    super(position)
    this.#ring = ring
    this.#ready = ready
    this.#ended = ended
  }

  advance(): boolean {
    return !this.#ring.closed && this.#ring.advance(this)
  }

  settle(): boolean {
    if (this.#ring.closed) return true
    if (!this.#ring.settle(this)) return false
    if (this.#ring.isAhead(this)) this.#pollTimer ??= setTimeout(this.ready, pollInterval).unref()
    return true
  }

  readonly ready = (): void => {
    this.#stopPolling()
    this.#ready()
  }

  close(): void {
    this.#stopPolling()
    this.#ring.unsubscribe(this)
  }

  end(): void {
    this.#stopPolling()
    this.#ended()
  }

  #stopPolling(): void {
    clearTimeout(this.#pollTimer)
    this.#pollTimer = undefined
  }
}
