import {
  atomicExchange,
  atomicLoad,
  Memory,
  min,
  toBigInt,
  toNumber,
} from '../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../codec/memory.ts'
import { BPF_RINGBUF_DISCARD_BIT } from '../../uapi/ringbuf.ts'
import { close, duplicate, getpagesize } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { Mapping } from '../ffi/mapping.ts'
import { LostPositionError } from './lost-position-error.ts'
import type { WatchTarget } from './poller.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import type { RingCursor } from './shared-ring.ts'
import { recordRefusal, SharedRing } from './shared-ring.ts'
import type { Cursor, RecordVisitor } from './source.ts'

/** The bits of a header's first word that hold the length. The busy flag is the sign bit. */
export const lengthMask: number = BPF_RINGBUF_DISCARD_BIT - 1

/** The bytes to read before the consumer position is stored, so that the kernel can reuse them; or a quarter of the ring. */
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
  /** The producer, pending and overwrite positions (kernel/bpf/ringbuf.c: `struct bpf_ringbuf`). */
  protected readonly producer: BigUint64Array
  readonly #consumer: BigUint64Array
  readonly #consumerPage: Mapping
  readonly #producerPages: Mapping
  readonly #handles = new Set<RingMapHandle>()
  /** A duplicate, to wait with: the handles' own descriptors may close before the ring does. */
  readonly #fd: number
  readonly #onUnmap: () => void
  readonly #title: string
  /** The consumer position that this process stored last. */
  #lastStored: number
  #hasWarned = false

  constructor(handle: RingMapHandle, operation: string, onUnmap: () => void) {
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
    this.#onUnmap = onUnmap
    this.#title = handle.title
    this.#lastStored = this.released
  }

  override subscribe(ready: () => void, ended: () => void): Cursor {
    this.#requireConsumerBehind()
    return super.subscribe(ready, ended)
  }

  override consume(viewer: RecordVisitor): number {
    this.#requireConsumerBehind()
    return super.consume(viewer)
  }

  /** Adds a handle of the same map. The ring closes with the last of its handles. */
  addHandle(handle: RingMapHandle): void {
    if (this.#handles.has(handle)) return
    this.#handles.add(handle)
    handle.onClose(() => {
      this.#handles.delete(handle)
      if (this.#handles.size === 0) this.close()
    })
  }

  protected watchTarget(): WatchTarget {
    return { fd: this.#fd }
  }

  protected storeConsumerPosition(position: number): void {
    const found = toNumber(atomicExchange(this.#consumer, 0, toBigInt(position)))
    if (found !== this.#lastStored && !this.#hasWarned) {
      this.#hasWarned = true
      // The kernel reuses what any reader has read, and this one cannot see it.
      process.emitWarning(
        `${this.#title} is also read by another process or thread: each of them misses records, and may read damaged ones`,
      )
    }
    this.#lastStored = position
  }

  protected unmap(): void {
    this.#onUnmap()
    close(this.#fd)
    this.#consumerPage.retire()
    this.#producerPages.retire()
  }

  protected producerPosition(): number {
    return toNumber(atomicLoad(this.producer, 0))
  }

  /**
   * Moves a cursor that is followed by no whole record to the producer's position, where the next record will be.
   * @returns the error to throw
   */
  protected lostPosition(cursor: RingCursor): LostPositionError {
    const end = this.producerPosition()
    const { position } = cursor
    cursor.position = end
    return this.#lostAt(position, end)
  }

  /**
   * A consumer position past the producer's would make the kernel refuse records until its own has caught up
   * (kernel/bpf/ringbuf.c: __bpf_ringbuf_reserve).
   * @throws {LostPositionError}
   */
  #requireConsumerBehind(): void {
    if (this.closed) return
    // Read in this order: the producer's position only grows.
    const consumer = toNumber(atomicLoad(this.#consumer, 0))
    const producer = this.producerPosition()
    if (consumer > producer) throw this.#lostAt(consumer, producer)
  }

  #lostAt(position: number, end: number): LostPositionError {
    if (toNumber(atomicLoad(this.#consumer, 0)) > end) this.resetTo(end)
    return new LostPositionError(
      this.#title,
      position > end
        ? `its consumer position, ${position}, is past its producer position, ${end}`
        : `the record at position ${position} does not end before the producer position, ${end}`,
    )
  }
}
