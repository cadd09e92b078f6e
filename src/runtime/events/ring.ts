import { readOnlyMemory } from '../codec/memory.ts'
import { stateError, unsupported } from '../error.ts'
import { getpagesize } from '../ffi/libc.ts'
import { Mapping } from '../ffi/mapping.ts'
import type { MapHandle } from '../maps/handle.ts'
import type { Watch } from './poller.ts'
import { watch } from './poller.ts'
import type { Cursor, Source, Visit } from './source.ts'

/** linux/bpf.h: the record header's first word is the length and two flags; busy is the sign bit. */
const headerSize = 8
const discardBit = 1 << 30
const lengthMask = discardBit - 1

/** Bytes read before the kernel is told, so that it can reuse them; a quarter of the ring if that is less. */
const releaseEvery = 1 << 15

/** BPF_F_RB_OVERWRITE (kernel 7.x): the producer moves over unread records, which this walk would misread. */
const overwriteFlag = 1 << 19

/**
 * x64 keeps the order of loads; elsewhere the header must be loaded with acquire, before the data that it announces
 * (kernel/bpf/ringbuf.c: bpf_ringbuf_commit).
 */
const loadsInOrder = process.arch === 'x64'

/** One walker a ring buffer and process: the consumer position is one, whoever opened the map. */
const rings = new Map<number, Ring>()

export function ringOf(handle: MapHandle, operation: string): Ring {
  const { id } = handle.info(operation)
  let ring = rings.get(id)
  if (!ring) {
    ring = new Ring(handle, operation)
    rings.set(id, ring)
  }
  ring.adopt(handle)
  return ring
}

/** A BPF_MAP_TYPE_RINGBUF map in memory, walked without a call into C. Positions are bytes since its creation. */
export class Ring implements Source {
  readonly #id: number
  readonly #mask: number
  readonly #releaseEvery: number
  readonly #consumerPage: Mapping
  readonly #producerPages: Mapping
  readonly #consumer: BigUint64Array
  readonly #producer: BigUint64Array
  /** The data, twice in a row, so that a record never wraps. */
  readonly #headers: Int32Array
  readonly #data: DataView
  readonly #handles = new Set<MapHandle>()
  readonly #subscribers = new Set<Subscriber>()
  #watch: Watch | undefined
  #closed = false
  /** Where the producer was when last asked. */
  #end = 0
  /** What the kernel was last told. */
  #released: number
  /** Where `consume` got to while others held the ring back. */
  #consumed: number
  #consuming = false

  constructor(handle: MapHandle, operation: string) {
    const { id, maxEntries, flags } = handle.info(operation)
    if ((flags & overwriteFlag) !== 0) {
      throw unsupported(
        operation,
        handle.title,
        'ring buffers in overwrite mode cannot be read yet',
      )
    }
    const fd = handle.requireFd(operation)
    const page = getpagesize()
    this.#id = id
    this.#mask = maxEntries - 1
    this.#releaseEvery = Math.min(releaseEvery, maxEntries / 4)
    // kernel/bpf/ringbuf.c: the consumer's page, the producer's, the data and the data again.
    this.#consumerPage = new Mapping(fd, page, true)
    this.#producerPages = new Mapping(fd, page + 2 * maxEntries, false, page)
    this.#consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1)
    this.#producer = new BigUint64Array(this.#producerPages.buffer, 0, 1)
    this.#headers = new Int32Array(this.#producerPages.buffer, page)
    this.#data = readOnlyMemory(new DataView(this.#producerPages.buffer, page), () =>
      stateError('write to', 'a record', 'records belong to the kernel; copy the value first'),
    )
    this.#released = Number(Atomics.load(this.#consumer, 0))
    this.#consumed = this.#released
  }

  adopt(handle: MapHandle): void {
    if (this.#handles.has(handle)) return
    this.#handles.add(handle)
    handle.onClose(() => {
      this.#handles.delete(handle)
      if (this.#handles.size === 0) this.#close()
    })
  }

  get closed(): boolean {
    return this.#closed
  }

  subscribe(ready: () => void, ended: () => void): Cursor {
    const [handle] = this.#handles
    if (this.#closed || !handle) throw stateError('subscribe to', 'a ring buffer', 'it is closed')
    const subscriber = new Subscriber(this, this.#released, ready, ended)
    this.#subscribers.add(subscriber)
    this.#watch ??= watch(handle.requireFd('wait for'), () => this.#wake())
    return subscriber
  }

  /** Walks what waits, at once. @returns how many records were visited */
  consume(visit: Visit): number {
    if (this.#consuming) {
      throw stateError('consume', 'a ring buffer', 'its consume() is running; let it return first')
    }
    this.#consuming = true
    const place = { position: Math.max(this.#released, this.#consumed) }
    try {
      return this.walk(place, visit)
    } finally {
      this.#consuming = false
      this.#consumed = place.position
      this.release()
    }
  }

  /** Moves `place` over what waits. */
  walk(place: { position: number }, visit: Visit): number {
    const headers = this.#headers
    const data = this.#data
    const mask = this.#mask
    let { position } = place
    let end = this.#end
    let releaseAt = this.#released + this.#releaseEvery
    let visited = 0
    for (;;) {
      if (position >= end) {
        end = this.#end = Number(Atomics.load(this.#producer, 0))
        if (position >= end) break
      }
      const at = position & mask
      const header = loadsInOrder ? headers[at >> 2] : Atomics.load(headers, at >> 2)
      // Busy: reserved, not submitted yet. Records after it wait with it.
      if (header === undefined || header < 0) break
      const length = header & lengthMask
      if (position > releaseAt) {
        this.release()
        releaseAt = position + this.#releaseEvery
      }
      position += (headerSize + length + 7) & ~7
      // Now, so that a visitor that throws, or walks itself, does not get this record again.
      place.position = position
      if ((header & discardBit) !== 0) continue
      visited++
      if (visit(data, at + headerSize, length) || this.#closed) break
    }
    return visited
  }

  /**
   * Tells the kernel how far everyone has read, and looks again. The store is a full barrier: either the kernel sees
   * the new position and wakes us, or we see its record here.
   */
  settle(subscriber: Subscriber): boolean {
    this.release()
    const { position } = subscriber
    if (Number(Atomics.load(this.#producer, 0)) <= position) return false
    return Atomics.load(this.#headers, (position & this.#mask) >> 2) >= 0
  }

  /** The furthest that all subscribers have read; without any, what `consume` has. */
  release(): void {
    if (this.#closed) return
    let position = Infinity
    for (const subscriber of this.#subscribers) position = Math.min(position, subscriber.position)
    if (position === Infinity) position = Math.max(this.#released, this.#consumed)
    if (position > this.#released) {
      this.#released = position
      Atomics.store(this.#consumer, 0, BigInt(position))
    }
  }

  /** Whether a slower subscriber holds the position back, in which case the kernel sends no wake-ups to this one. */
  isAhead(subscriber: Subscriber): boolean {
    return subscriber.position > this.#released
  }

  leave(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return
    if (this.#subscribers.size === 0) {
      // The unread rest stays for whoever comes next.
      this.#consumed = Math.max(this.#consumed, subscriber.position)
      this.#watch?.close()
      this.#watch = undefined
    }
    this.release()
  }

  #wake(): void {
    for (const subscriber of this.#subscribers) subscriber.ready()
  }

  #close(): void {
    this.release()
    this.#closed = true
    rings.delete(this.#id)
    this.#watch?.close()
    this.#watch = undefined
    for (const subscriber of this.#subscribers) {
      this.#subscribers.delete(subscriber)
      subscriber.ended()
    }
    this.#consumerPage.retire()
    this.#producerPages.retire()
  }
}

/** How often one that is ahead of a slower one looks for itself, in milliseconds. */
const lookEvery = 5

class Subscriber implements Cursor {
  position: number
  readonly #ring: Ring
  readonly #ready: () => void
  readonly ended: () => void
  #look: NodeJS.Timeout | undefined

  constructor(ring: Ring, position: number, ready: () => void, ended: () => void) {
    this.#ring = ring
    this.position = position
    this.#ready = ready
    this.ended = ended
  }

  walk(visit: Visit): number {
    return this.#ring.closed ? 0 : this.#ring.walk(this, visit)
  }

  settle(): boolean {
    if (this.#ring.closed) return false
    if (this.#ring.settle(this)) return true
    if (this.#ring.isAhead(this)) this.#look ??= setTimeout(this.ready, lookEvery).unref()
    return false
  }

  readonly ready = (): void => {
    clearTimeout(this.#look)
    this.#look = undefined
    this.#ready()
  }

  close(): void {
    clearTimeout(this.#look)
    this.#ring.leave(this)
  }
}
