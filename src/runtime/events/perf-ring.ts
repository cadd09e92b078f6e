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
import { close, getpagesize } from '../ffi/libc.ts'
import { Mapping } from '../ffi/mapping.ts'
import type { Watched } from './poller.ts'
import type { RingPosition } from './shared-ring.ts'
import { recordRefusal, SharedRing } from './shared-ring.ts'

/** linux/perf_event.h: struct perf_event_mmap_page, in 8-byte words. */
const headWord = 128
const tailWord = 129
/** struct perf_event_header: type, misc, size; and enum perf_event_type. */
const headerSize = 8
const recordLost = 2
const recordSample = 9

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
  /** Where in it the data begins. */
  readonly #page: number
  readonly #data: DataView
  readonly #words: DataView
  readonly #mask: number
  readonly #lost: LostListener
  readonly #releaseEvery: number
  /** Where the kernel was when last asked. */
  #end = 0
  /** Up to where lost records have been counted. */
  #counted = 0

  /** @param pages of data, a power of two; the ring owns the descriptor */
  constructor(cpu: number, fd: number, pages: number, lost: LostListener) {
    const page = getpagesize()
    const mapping = new Mapping(fd, (1 + pages) * page, true)
    super(0)
    this.cpu = cpu
    this.#fd = fd
    this.#lost = lost
    this.#mapping = mapping
    this.#positions = new BigUint64Array(mapping.buffer, 0, tailWord + 1)
    this.#page = page
    this.#words = new Memory(mapping.buffer, page)
    this.#data = readOnlyMemory(this.#words, recordRefusal)
    this.#mask = pages * page - 1
    this.#releaseEvery = min(releaseEvery, (pages * page) / 4)
  }

  advance(place: RingPosition): boolean {
    let { position } = place
    for (;;) {
      if (position >= place.limit) return false
      if (position >= this.#end) {
        this.#end = this.producerPosition()
        if (position >= this.#end) return false
      }
      if (position > place.releaseAt) {
        this.release()
        place.releaseAt = position + this.#releaseEvery
      }
      const at = position & this.#mask
      // Records are multiples of 8 bytes: a header never wraps.
      const type = this.#words.getUint32(at, true)
      const size = this.#words.getUint16(at + 6, true)
      if (size === 0) return false
      const start = this.#whole(place, at, size)
      position += size
      place.position = position
      if (type === recordLost) {
        // struct { header; u64 id; u64 lost }
        if (position > this.#counted) {
          this.#counted = position
          const count = Number(place.memory.getBigUint64(start + headerSize + 8, true))
          this.#lost({ cpu: this.cpu, count })
          if (this.closed) return false
        }
      } else if (type === recordSample) {
        // struct { header; u32 size; char data[] }
        place.offset = start + headerSize + 4
        place.length = place.memory.getUint32(start + headerSize, true)
        return true
      }
    }
  }

  protected waits({ position }: RingPosition): boolean {
    return this.producerPosition() > position
  }

  protected watched(): Watched {
    return { fd: this.#fd, forgetful: true }
  }

  protected store(position: number): void {
    atomicStore(this.#positions, tailWord, toBigInt(position))
  }

  protected unmap(): void {
    this.#mapping.retire()
    close(this.#fd)
  }

  protected producerPosition(): number {
    return toNumber(atomicLoad(this.#positions, headWord))
  }

  /** Gives the place the record's memory. @returns where in it the record starts */
  #whole(place: RingPosition, at: number, size: number): number {
    const end = this.#mask + 1
    if (at + size <= end) {
      place.memory = this.#data
      return at
    }
    // It goes on at the ring's start.
    const { buffer } = this.#mapping
    const page = this.#page
    place.keep(new Bytes(buffer, page + at, end - at), new Bytes(buffer, page, at + size - end))
    return 0
  }
}
