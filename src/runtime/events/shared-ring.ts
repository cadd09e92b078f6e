import { Buffer, Bytes, lengthOfBytes, max, Memory, min, setBytes } from '../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../codec/memory.ts'
import { stateError } from '../host/error.ts'
import type { Watch, Watched } from './poller.ts'
import { watch } from './poller.ts'
import type { Cursor, Source, Viewer } from './source.ts'

const empty = new Bytes(0)
const none = new Memory(new Buffer(0))

/** How far a subscriber has read, and the last record that it came by. */
export class RingPosition {
  /** Bytes since the ring was made. */
  position: number
  /** The position at which to tell the kernel next. */
  releaseAt: number
  /** Records from here on are not for this reading. */
  limit: number = Infinity
  memory: DataView = none
  offset = 0
  length = 0
  #own = new Bytes(0)
  #ownMemory: DataView = none

  constructor(position: number) {
    this.position = position
    this.releaseAt = position
  }

  /** Makes a copy the record: of bytes that may not stay, or do not lie together. */
  keep(first: Uint8Array, second: Uint8Array = empty): void {
    const length = lengthOfBytes(first) + lengthOfBytes(second)
    if (lengthOfBytes(this.#own) < length) {
      this.#own = new Bytes(2 * length)
      this.#ownMemory = readOnlyMemory(new Memory(this.#own.buffer), recordRefusal)
    }
    setBytes(this.#own, first)
    setBytes(this.#own, second, lengthOfBytes(first))
    this.memory = this.#ownMemory
    this.offset = 0
    this.length = length
  }
}

/** Why a record's memory takes no writes. */
export function recordRefusal(): Error {
  return stateError(
    'write to',
    'a record',
    "records are the kernel's; copy one with snapshot(view)",
  )
}

/** How often one that is ahead of a slower one looks for itself, in milliseconds. */
const lookEvery = 5

/**
 * A ring that the kernel fills and several subscribers read at their own pace: what the slowest has not read stays. A
 * ring has one consumer position, so there is one of these for it in a process.
 */
export abstract class SharedRing implements Source {
  readonly #subscribers = new Set<Subscriber>()
  #watch: Watch | undefined
  #closed = false
  #consuming = false
  /** Where `consume` got to, while others held the ring back. */
  readonly #consumed: RingPosition
  /** What the kernel was last told. */
  protected released: number

  constructor(consumerPosition: number) {
    this.released = consumerPosition
    this.#consumed = new RingPosition(consumerPosition)
  }

  /** To wait for. */
  protected abstract watched(): Watched
  /** Moves the place to the next record; false when none waits. Of a ring that is not closed. */
  abstract advance(place: RingPosition): boolean
  /** Whether something waits behind `place`, asked of the kernel anew. */
  protected abstract waits(place: RingPosition): boolean
  /** Where the kernel will put the next record. */
  protected abstract producerPosition(): number
  /** Tells the kernel how far everyone has read, with a full memory barrier. */
  protected abstract store(position: number): void
  protected abstract unmap(): void

  get closed(): boolean {
    return this.#closed
  }

  /** @param ready called when something may wait @param ended called when the ring is gone */
  subscribe(ready: () => void, ended: () => void): Cursor {
    if (this.#closed) throw stateError('subscribe to', 'events', 'their map is closed')
    const subscriber = new Subscriber(this, this.released, ready, ended)
    this.#subscribers.add(subscriber)
    this.#watch ??= watch(this.watched(), () => {
      for (const each of this.#subscribers) each.ready()
    })
    return subscriber
  }

  /**
   * Views what waits, at once: what comes meanwhile is for the next call, so that each ends.
   * @returns how many records there were
   */
  consume(viewer: Viewer): number {
    if (this.#consuming) {
      throw stateError('consume', 'events', 'a consume() of theirs is running; let it return first')
    }
    this.#consuming = true
    const place = this.#consumed
    place.position = max(this.released, place.position)
    place.limit = this.producerPosition()
    try {
      return this.view(place, viewer)
    } finally {
      this.#consuming = false
      this.release()
    }
  }

  /** Shows a viewer what waits before the place's limit. */
  protected view(place: RingPosition, { minimumSize, skip, point, view, visit }: Viewer): number {
    let visited = 0
    while (!this.#closed && this.advance(place)) {
      visited++
      if (place.length < minimumSize) skip(place.length)
      else {
        point(place.memory, place.offset, place.length)
        visit(view)
      }
    }
    return visited
  }

  /** Nothing waits for it: from here on the kernel sends a wake-up for what comes. False when something came meanwhile. */
  settle(subscriber: Subscriber): boolean {
    // The kernel wakes nobody while it sees unread records. Store, then look: either it sees the new position and
    // wakes us, or we see its record.
    this.release()
    return !this.waits(subscriber)
  }

  /** Lets the kernel reuse what every subscriber has read; without any, what `consume` has. */
  release(): void {
    if (this.#closed) return
    let position = Infinity
    for (const subscriber of this.#subscribers) position = min(position, subscriber.position)
    if (position === Infinity) position = this.#consumed.position
    if (position <= this.released) return
    this.released = position
    this.store(position)
  }

  /** Tells the kernel a position again: the one that it has is past the last record's `end`. */
  protected restart(end: number): void {
    this.released = min(this.released, end)
    this.#consumed.position = min(this.#consumed.position, end)
    this.store(this.released)
  }

  /** A slower one holds the position back, so that no wake-up comes. */
  isAhead(subscriber: Subscriber): boolean {
    return subscriber.position > this.released
  }

  leave(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    if (this.#subscribers.size === 0) {
      // What it has not read stays for whoever comes next.
      const { position } = subscriber
      this.#consumed.position = max(this.#consumed.position, position)
      this.#watch?.close()
      this.#watch = undefined
    }
    this.release()
  }

  /** Whether nothing waits for anyone. */
  get isRead(): boolean {
    if (this.#subscribers.size === 0) return !this.waits(this.#consumed)
    return ![...this.#subscribers].some((subscriber) => this.waits(subscriber))
  }

  /** Ends everyone, before the descriptor closes. */
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

class Subscriber extends RingPosition implements Cursor {
  readonly #ring: SharedRing
  readonly #ready: () => void
  readonly #ended: () => void
  #look: NodeJS.Timeout | undefined

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
    if (this.#ring.isAhead(this)) this.#look ??= setTimeout(this.ready, lookEvery).unref()
    return true
  }

  readonly ready = (): void => {
    this.#stopLooking()
    this.#ready()
  }

  close(): void {
    this.#stopLooking()
    this.#ring.leave(this)
  }

  end(): void {
    this.#stopLooking()
    this.#ended()
  }

  #stopLooking(): void {
    clearTimeout(this.#look)
    this.#look = undefined
  }
}
