import { readOnlyMemory } from '../codec/memory.ts'
import { unsupported } from '../error.ts'
import { close, duplicate, getpagesize } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { Mapping } from '../ffi/mapping.ts'
import type { MapHandle } from '../maps/handle.ts'
import type { Watched } from './poller.ts'
import type { Place } from './shared-ring.ts'
import { recordRefusal, SharedRing } from './shared-ring.ts'
import type { Viewer } from './source.ts'

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
const loadHeader: (headers: Int32Array, index: number) => number | undefined =
  process.arch === 'x64'
    ? (headers, index) => headers[index]
    : (headers, index) => Atomics.load(headers, index)

/** By map id: whoever opened a map, its consumer position is one. */
const rings = new Map<number, Ring>()

/** The walker of a loaded map, shared by all handles of it. */
export function ringOf(handle: MapHandle, operation: string): Ring {
  const { id } = handle.info(operation)
  let ring = rings.get(id)
  if (!ring) {
    ring = new Ring(handle, operation, () => rings.delete(id))
    rings.set(id, ring)
  }
  ring.adopt(handle)
  return ring
}

/** A BPF_MAP_TYPE_RINGBUF map in memory, walked without a call into C. */
export class Ring extends SharedRing {
  readonly #mask: number
  readonly #releaseEvery: number
  readonly #consumerPage: Mapping
  readonly #producerPages: Mapping
  readonly #consumer: BigUint64Array
  readonly #producer: BigUint64Array
  /** The data is mapped twice in a row, so that a record never wraps. */
  readonly #headers: Int32Array
  readonly #data: DataView
  readonly #handles = new Set<MapHandle>()
  /** To wait with: those of the handles may close before the ring does. */
  readonly #fd: number
  readonly #forget: () => void
  /** Where the producer was when last asked. */
  #end = 0

  constructor(handle: MapHandle, operation: string, forget: () => void) {
    const { maxEntries, flags } = handle.info(operation)
    if ((flags & overwriteFlag) !== 0) {
      throw unsupported(
        operation,
        handle.title,
        'it is in overwrite mode, which cannot be read yet',
      )
    }
    const fd = handle.requireFd(operation)
    const page = getpagesize()
    // kernel/bpf/ringbuf.c: the consumer's page, the producer's, the data and the data again.
    const consumerPage = new Mapping(fd, page, true)
    const consumer = new BigUint64Array(consumerPage.buffer, 0, 1)
    super(Number(Atomics.load(consumer, 0)))
    this.#consumerPage = consumerPage
    this.#consumer = consumer
    this.#producerPages = new Mapping(fd, page + 2 * maxEntries, false, page)
    const { buffer } = this.#producerPages
    this.#producer = new BigUint64Array(buffer, 0, 1)
    this.#headers = new Int32Array(buffer, page)
    this.#data = readOnlyMemory(new DataView(buffer, page), recordRefusal)
    this.#fd = duplicate(fd)
    if (this.#fd < 0) throw handle.failure(operation, errno())
    this.#mask = maxEntries - 1
    this.#releaseEvery = Math.min(releaseEvery, maxEntries / 4)
    this.#forget = forget
  }

  /** Closes with the last of its handles. */
  adopt(handle: MapHandle): void {
    if (this.#handles.has(handle)) return
    this.#handles.add(handle)
    handle.onClose(() => {
      this.#handles.delete(handle)
      if (this.#handles.size === 0) this.close()
    })
  }

  advance(place: Place): boolean {
    let { position } = place
    for (;;) {
      if (position >= this.#end) {
        this.#end = this.#producerPosition()
        if (position >= this.#end) return false
      }
      const at = position & this.#mask
      const header = loadHeader(this.#headers, at >> 2)
      // Busy: reserved, not submitted yet. Records after it wait with it.
      if (header === undefined || header < 0) return false
      if (position > place.releaseAt) {
        this.release()
        place.releaseAt = position + this.#releaseEvery
      }
      const length = header & lengthMask
      position += (headerSize + length + 7) & ~7
      // Now, so that a visitor that throws, or reads itself, does not get this record again.
      place.position = position
      if (header >= discardBit) continue
      place.memory = this.#data
      place.offset = at + headerSize
      place.length = length
      return true
    }
  }

  /**
   * What `advance` does in a loop, with the viewer written into it: V8 keeps what does not change out of the innermost loop only while that is small,
   * and a visitor in between would cost as much again as the record.
   */
  protected override view(place: Place, viewer: Viewer): number {
    const { minimumSize, skip, point, view, visit } = viewer
    const headers = this.#headers
    const data = this.#data
    const mask = this.#mask
    const start = place.position
    let at = start & mask
    let walked = 0
    let visited = 0
    for (;;) {
      const limit = walked + this.#ahead(start + walked)
      if (walked === limit) return visited
      while (walked < limit) {
        const header = loadHeader(headers, at >> 2)
        if (header === undefined || header < 0) return visited
        const length = header & lengthMask
        const record = at + headerSize
        const size = (headerSize + length + 7) & ~7
        at = (at + size) & mask
        walked = (walked + size) | 0
        place.position = start + walked
        if (header >= discardBit) continue
        visited++
        if (length < minimumSize) skip()
        else {
          point(data, record, length)
          visit(view)
          if (this.closed) return visited
        }
      }
    }
  }

  protected waits({ position }: Place): boolean {
    if (this.#producerPosition() <= position) return false
    return Atomics.load(this.#headers, (position & this.#mask) >> 2) >= 0
  }

  protected watched(): Watched {
    return { fd: this.#fd }
  }

  protected store(position: number): void {
    Atomics.store(this.#consumer, 0, BigInt(position))
  }

  protected unmap(): void {
    this.#forget()
    close(this.#fd)
    this.#consumerPage.retire()
    this.#producerPages.retire()
  }

  /** Bytes to walk from a position before the kernel is told again; asks the producer when none are known. */
  #ahead(position: number): number {
    if (position - this.released >= this.#releaseEvery) this.release()
    if (position >= this.#end) this.#end = this.#producerPosition()
    return Math.min(this.#end - position, this.#releaseEvery)
  }

  #producerPosition(): number {
    return Number(Atomics.load(this.#producer, 0))
  }
}
