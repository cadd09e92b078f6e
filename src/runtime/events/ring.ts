import { atomicLoad, min } from '../../codec/intrinsics.ts'
import { BPF_RINGBUF_DISCARD_BIT, BPF_RINGBUF_HDR_SZ } from '../../uapi/ringbuf.ts'
import { lengthMask, loadHeader, MappedRing } from './mapped-ring.ts'
import type { RingCursor } from './shared-ring.ts'
import type { RecordVisitor } from './source.ts'

/** A ring buffer that the kernel does not overwrite: it refuses records that find no room. Read without calls into C. */
export class Ring extends MappedRing {
  /** The producer position as it was last read. */
  #end = 0

  advance(cursor: RingCursor): boolean {
    let { position } = cursor
    for (;;) {
      if (position >= this.#end) {
        this.#end = this.producerPosition()
        if (position > this.#end) throw this.lostPosition(cursor)
        if (position === this.#end) return false
      }
      const at = position & this.mask
      const header = loadHeader(this.headers, at >> 2)
      // The busy flag: reserved, not submitted yet. Records after it wait too.
      if (header === undefined || header < 0) return false
      if (position > cursor.releaseAt) {
        this.release()
        cursor.releaseAt = position + this.releaseEvery
      }
      const length = header & lengthMask
      position += (BPF_RINGBUF_HDR_SZ + length + 7) & ~7
      if (position > this.#end) throw this.lostPosition(cursor)
      // Before it is read: a visitor that throws, or reads the ring itself, must not get this record again.
      cursor.position = position
      if (header >= BPF_RINGBUF_DISCARD_BIT) continue
      cursor.memory = this.data
      cursor.offset = at + BPF_RINGBUF_HDR_SZ
      cursor.length = length
      return true
    }
  }

  /**
   * Does the work of `advance` in a loop of its own. V8 hoists what does not change out of the innermost loop only while
   * that is small, and a call between two loops would cost as much as the record.
   */
  protected override visitRecords(cursor: RingCursor, visitor: RecordVisitor): number {
    const { minimumSize, skip, point, view, visit } = visitor
    const headers = this.headers
    const data = this.data
    const mask = this.mask
    const end = cursor.limit
    let start = cursor.position
    let visited = 0
    if (start > end) throw this.lostPosition(cursor)
    // Positions are exact to 2^53; within a stretch, at whose end the kernel is told, 32 bits hold them and are faster.
    while (start < end) {
      if (start - this.released >= this.releaseEvery) this.release()
      const stretch = min(end - start, this.releaseEvery)
      const remaining = min(end - start, 0x7fff_ffff)
      let at = start & mask
      let walked = 0
      while (walked < stretch) {
        const header = loadHeader(headers, at >> 2)
        if (header === undefined || header < 0) return visited
        const length = header & lengthMask
        const record = at + BPF_RINGBUF_HDR_SZ
        const size = (BPF_RINGBUF_HDR_SZ + length + 7) & ~7
        at = (at + size) & mask
        walked = (walked + size) | 0
        if (walked > remaining) throw this.lostPosition(cursor)
        cursor.position = start + walked
        if (header >= BPF_RINGBUF_DISCARD_BIT) continue
        visited++
        if (length < minimumSize) skip(length)
        else {
          point(data, record, length)
          visit(view)
          if (this.closed) return visited
        }
      }
      start += walked
    }
    return visited
  }

  protected hasUnread({ position }: RingCursor): boolean {
    if (this.producerPosition() <= position) return false
    return atomicLoad(this.headers, (position & this.mask) >> 2) >= 0
  }
}
