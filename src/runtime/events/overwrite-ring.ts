import { atomicLoad, Bytes, max, toNumber } from '../../codec/intrinsics.ts'
import { BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ } from '../../uapi/ringbuf.ts'
import { unsupported } from '../host/error.ts'
import { lengthMask, loadHeader, MappedRing } from './mapped-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import type { RingCursor } from './shared-ring.ts'

/** The index of the overwrite position in the producer's page, in 8-byte words: the oldest record that is whole. */
const overwriteWord = 2

/**
 * A ring buffer with BPF_F_RB_OVERWRITE: a record that finds no room overwrites the oldest ones, read or not
 * (kernel/bpf/ringbuf.c: __bpf_ringbuf_reserve). The kernel moves the overwrite position before it writes, so a copy is
 * whole if the position is not past it afterwards.
 */
export class OverwriteRing extends MappedRing {
  readonly #buffer: ArrayBufferLike
  /** Byte offset of the data in the buffer. */
  readonly #dataOffset: number
  /** Bytes to skip, to get ahead of a program that overwrites what is being copied. */
  readonly #lead: number

  /** @throws {BpfError} `ERR_BPF_UNSUPPORTED` on machines other than x64 */
  constructor(handle: RingMapHandle, operation: string, onUnmap: () => void) {
    // Elsewhere the kernel does not order its overwrite position before the bytes that it writes.
    if (process.arch !== 'x64') {
      throw unsupported(
        operation,
        handle.title,
        `with BPF_F_RB_OVERWRITE it can be read on x64 only: on ${process.arch} damaged records would look like whole ones`,
      )
    }
    super(handle, operation, onUnmap)
    const { buffer, byteOffset } = this.headers
    this.#buffer = buffer
    this.#dataOffset = byteOffset
    this.#lead = (this.mask + 1) / 8
  }

  advance(cursor: RingCursor): boolean {
    let copyFrom = 0
    for (;;) {
      const position = this.#oldest(cursor)
      cursor.position = position
      const producer = this.producerPosition()
      if (position > producer) throw this.lostPosition(cursor)
      if (position === producer || position >= cursor.limit) return false
      const at = position & this.mask
      const header = loadHeader(this.headers, at >> 2)
      if (!this.#isOverwritten(position)) {
        if (header === undefined || header < 0) return false
        if (position > cursor.releaseAt) {
          this.release()
          cursor.releaseAt = position + this.releaseEvery
        }
        const length = header & lengthMask
        cursor.position = position + ((BPF_RINGBUF_HDR_SZ + length + 7) & ~7)
        if (header >= BPF_RINGBUF_DISCARD_BIT || position < copyFrom) continue
        const start = at + BPF_RINGBUF_HDR_SZ
        cursor.copy(new Bytes(this.#buffer, this.#dataOffset + start, length))
        if (!this.#isOverwritten(position)) return true
      }
      // The oldest record is the next to go. Further on, a copy is made before the program comes by.
      copyFrom = this.#oldest(cursor) + this.#lead
    }
  }

  protected hasUnread(cursor: RingCursor): boolean {
    const position = this.#oldest(cursor)
    if (this.producerPosition() <= position) return false
    const header = atomicLoad(this.headers, (position & this.mask) >> 2)
    return header >= 0 || this.#isOverwritten(position)
  }

  /** Returns the position of the oldest whole record that a cursor has not read. */
  #oldest({ position }: RingCursor): number {
    return max(position, toNumber(atomicLoad(this.producer, overwriteWord)))
  }

  #isOverwritten(position: number): boolean {
    return toNumber(atomicLoad(this.producer, overwriteWord)) > position
  }
}
