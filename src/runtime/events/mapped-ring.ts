import {
  atomicExchange,
  atomicLoad,
  Memory,
  min,
  toBigInt,
  toNumber,
} from '../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../codec/memory.ts'
import { close, duplicate, getpagesize } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { Mapping } from '../ffi/mapping.ts'
import { LostPosition } from './lost-position.ts'
import type { Watched } from './poller.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import type { RingPosition } from './shared-ring.ts'
import { recordRefusal, SharedRing } from './shared-ring.ts'
import type { Cursor, Viewer } from './source.ts'

/** linux/bpf.h: the record header's first word is the length and two flags; busy is the sign bit. */
export const headerSize = 8
export const discardBit: number = 1 << 30
export const lengthMask: number = discardBit - 1

/** Bytes read before the kernel is told, so that it can reuse them; a quarter of the ring if that is less. */
const releaseEvery = 1 << 15

/**
 * x64 keeps the order of loads; elsewhere the header must be loaded with acquire, before the data that it announces
 * (kernel/bpf/ringbuf.c: bpf_ringbuf_commit).
 */
export const loadHeader: (headers: Int32Array, index: number) => number | undefined =
  process.arch === 'x64'
    ? (headers, index) => headers[index]
    : (headers, index) => atomicLoad(headers, index)

/** A BPF_MAP_TYPE_RINGBUF map in memory. */
export abstract class MappedRing extends SharedRing {
  protected readonly mask: number
  protected readonly releaseEvery: number
  /** The data is mapped twice in a row, so that a record never wraps. */
  protected readonly headers: Int32Array
  protected readonly data: DataView
  /** Where the producer is, what is pending, and from where on records are whole (`struct bpf_ringbuf`). */
  protected readonly producer: BigUint64Array
  readonly #consumer: BigUint64Array
  readonly #consumerPage: Mapping
  readonly #producerPages: Mapping
  readonly #handles = new Set<RingMapHandle>()
  /** To wait with: those of the handles may close before the ring does. */
  readonly #fd: number
  readonly #forget: () => void
  readonly #title: string
  /** The consumer position as it was written here last. */
  #stored: number
  #isShared = false

  constructor(handle: RingMapHandle, operation: string, forget: () => void) {
    const { maxEntries } = handle.info(operation)
    const fd = handle.requireCheckedFd(operation)
    const page = getpagesize()
    // kernel/bpf/ringbuf.c: the consumer's page, the producer's, the data and the data again.
    const consumerPage = new Mapping(fd, page, true)
    const consumer = new BigUint64Array(consumerPage.buffer, 0, 1)
    super(toNumber(atomicLoad(consumer, 0)))
    this.#consumerPage = consumerPage
    this.#consumer = consumer
    this.#producerPages = new Mapping(fd, page + 2 * maxEntries, false, page)
    const { buffer } = this.#producerPages
    this.producer = new BigUint64Array(buffer, 0, 3)
    this.headers = new Int32Array(buffer, page)
    this.data = readOnlyMemory(new Memory(buffer, page), recordRefusal)
    this.#fd = duplicate(fd)
    if (this.#fd < 0) throw handle.failure(operation, errno())
    this.mask = maxEntries - 1
    this.releaseEvery = min(releaseEvery, maxEntries / 4)
    this.#forget = forget
    this.#title = handle.title
    this.#stored = this.released
  }

  override subscribe(ready: () => void, ended: () => void): Cursor {
    this.#requireConsumerBehind()
    return super.subscribe(ready, ended)
  }

  override consume(viewer: Viewer): number {
    this.#requireConsumerBehind()
    return super.consume(viewer)
  }

  /** Closes with the last of its handles. */
  adopt(handle: RingMapHandle): void {
    if (this.#handles.has(handle)) return
    this.#handles.add(handle)
    handle.onClose(() => {
      this.#handles.delete(handle)
      if (this.#handles.size === 0) this.close()
    })
  }

  protected watched(): Watched {
    return { fd: this.#fd }
  }

  protected store(position: number): void {
    const found = toNumber(atomicExchange(this.#consumer, 0, toBigInt(position)))
    if (found !== this.#stored && !this.#isShared) {
      this.#isShared = true
      // The kernel reuses what any of them has read, and this walk cannot tell.
      process.emitWarning(
        `${this.#title} is read by another process or thread too: each misses records, and may read wrong ones`,
      )
    }
    this.#stored = position
  }

  protected unmap(): void {
    this.#forget()
    close(this.#fd)
    this.#consumerPage.retire()
    this.#producerPages.retire()
  }

  protected producerPosition(): number {
    return toNumber(atomicLoad(this.producer, 0))
  }

  /**
   * Why a place cannot go on: from it on there is no whole record before the producer's position. Moves it there, where
   * the next record will be.
   */
  protected lostPlace(place: RingPosition): LostPosition {
    const end = this.producerPosition()
    const { position } = place
    place.position = end
    return this.#lostAt(position, end)
  }

  /** The kernel would take no record until its position has caught up (kernel/bpf/ringbuf.c: __bpf_ringbuf_reserve). */
  #requireConsumerBehind(): void {
    if (this.closed) return
    // In this order: the producer's only grows.
    const consumer = toNumber(atomicLoad(this.#consumer, 0))
    const producer = this.producerPosition()
    if (consumer > producer) throw this.#lostAt(consumer, producer)
  }

  #lostAt(position: number, end: number): LostPosition {
    if (toNumber(atomicLoad(this.#consumer, 0)) > end) this.restart(end)
    return new LostPosition(
      this.#title,
      position > end
        ? `its consumer position, ${position}, is past the producer's, ${end}`
        : `what is at ${position} does not end before the producer's position, ${end}: it is no record`,
    )
  }
}
