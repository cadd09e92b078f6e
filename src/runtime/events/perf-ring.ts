import {
  atomicLoad,
  atomicStore,
  Bytes,
  Memory,
  min,
  toBigInt,
  toNumber,
} from '../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../codec/memory.ts'
import { PERF_RECORD_LOST, PERF_RECORD_SAMPLE } from '../../uapi/perf-event.ts'
import { close, getpagesize } from '../ffi/libc.ts'
import { Mapping } from '../ffi/mapping.ts'
import type { WatchTarget } from './poller.ts'
import type { RingCursor } from './shared-ring.ts'
import { recordRefusal, SharedRing } from './shared-ring.ts'

/** Indexes of data_head and data_tail in struct perf_event_mmap_page (linux/perf_event.h), in 8-byte words. */
const headWord = 128
const tailWord = 129
/** Bytes of struct perf_event_header: type, misc, size. */
const headerSize = 8

/** The bytes to read before the tail is stored, so that the kernel can reuse them; or a quarter of the ring. */
const releaseEvery = 1 << 14

/** Records that found a CPU's ring full. */
export interface LostRecords {
  readonly cpu: number
  readonly count: number
}

export type LostListener = (lost: LostRecords) => void

/** One CPU's ring of a perf event array. */
export class PerfRing extends SharedRing {
  readonly cpu: number
  readonly #fd: number
  readonly #mapping: Mapping
  readonly #positions: BigUint64Array
  /** Byte offset of the data in the mapping: a page. */
  readonly #dataOffset: number
  readonly #data: DataView
  readonly #words: DataView
  readonly #mask: number
  readonly #lost: LostListener
  readonly #releaseEvery: number
  /** The kernel's data_head as it was last read. */
  #end = 0
  /** The position up to which lost records have been counted. */
  #counted = 0

  /** @param pages of data, a power of two @param fd the perf event, which the ring closes */
  constructor(cpu: number, fd: number, pages: number, lost: LostListener) {
    const page = getpagesize()
    const mapping = new Mapping(fd, (1 + pages) * page, true)
    super(0)
    this.cpu = cpu
    this.#fd = fd
    this.#lost = lost
    this.#mapping = mapping
    this.#positions = new BigUint64Array(mapping.buffer, 0, tailWord + 1)
    this.#dataOffset = page
    this.#words = new Memory(mapping.buffer, page)
    this.#data = readOnlyMemory(this.#words, recordRefusal)
    this.#mask = pages * page - 1
    this.#releaseEvery = min(releaseEvery, (pages * page) / 4)
  }

  advance(cursor: RingCursor): boolean {
    let { position } = cursor
    for (;;) {
      if (position >= cursor.limit) return false
      if (position >= this.#end) {
        this.#end = this.producerPosition()
        if (position >= this.#end) return false
      }
      if (position > cursor.releaseAt) {
        this.release()
        cursor.releaseAt = position + this.#releaseEvery
      }
      const at = position & this.#mask
      // Records are multiples of 8 bytes: a header never wraps.
      const type = this.#words.getUint32(at, true)
      const size = this.#words.getUint16(at + 6, true)
      if (size === 0) return false
      const start = this.#contiguous(cursor, at, size)
      position += size
      cursor.position = position
      if (type === PERF_RECORD_LOST) {
        // struct { header; u64 id; u64 lost }
        if (position > this.#counted) {
          this.#counted = position
          const count = Number(cursor.memory.getBigUint64(start + headerSize + 8, true))
          this.#lost({ cpu: this.cpu, count })
          if (this.closed) return false
        }
      } else if (type === PERF_RECORD_SAMPLE) {
        // struct { header; u32 size; char data[] }
        cursor.offset = start + headerSize + 4
        cursor.length = cursor.memory.getUint32(start + headerSize, true)
        return true
      }
    }
  }

  protected hasUnread({ position }: RingCursor): boolean {
    return this.producerPosition() > position
  }

  protected watchTarget(): WatchTarget {
    return { fd: this.#fd, clearsReadiness: true }
  }

  protected storeConsumerPosition(position: number): void {
    atomicStore(this.#positions, tailWord, toBigInt(position))
  }

  protected unmap(): void {
    this.#mapping.retire()
    close(this.#fd)
  }

  protected producerPosition(): number {
    return toNumber(atomicLoad(this.#positions, headWord))
  }

  /** Gives the cursor the record's memory, in one piece. @returns the record's offset in it */
  #contiguous(cursor: RingCursor, at: number, size: number): number {
    const end = this.#mask + 1
    if (at + size <= end) {
      cursor.memory = this.#data
      return at
    }
    // The record continues at the ring's start.
    const { buffer } = this.#mapping
    const page = this.#dataOffset
    cursor.copy(new Bytes(buffer, page + at, end - at), new Bytes(buffer, page, at + size - end))
    return 0
  }
}
