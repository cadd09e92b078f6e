import { atomicLoad, min } from '../../codec/intrinsics.ts'
import { discardBit, headerSize, lengthMask, loadHeader, MappedRing } from './mapped-ring.ts'
import type { RingPosition } from './shared-ring.ts'
import type { Viewer } from './source.ts'

/** What is unread stays: the kernel refuses records that find no room. Walked without a call into C. */
export class Ring extends MappedRing {
  /** Where the producer was when last asked. */
  #end = 0

  advance(place: RingPosition): boolean {
    let { position } = place
    for (;;) {
      if (position >= this.#end) {
        this.#end = this.producerPosition()
        if (position > this.#end) throw this.lostPlace(place)
        if (position === this.#end) return false
      }
      const at = position & this.mask
      const header = loadHeader(this.headers, at >> 2)
      // Busy: reserved, not submitted yet. Records after it wait with it.
      if (header === undefined || header < 0) return false
      if (position > place.releaseAt) {
        this.release()
        place.releaseAt = position + this.releaseEvery
      }
      const length = header & lengthMask
      position += (headerSize + length + 7) & ~7
      if (position > this.#end) throw this.lostPlace(place)
      // Now, so that a visitor that throws, or reads itself, does not get this record again.
      place.position = position
      if (header >= discardBit) continue
      place.memory = this.data
      place.offset = at + headerSize
      place.length = length
      return true
    }
  }

  /**
   * What `advance` does in a loop, with the viewer written into it: V8 keeps what does not change out of the innermost
   * loop only while that is small, and a visitor in between would cost as much again as the record.
   */
  protected override view(place: RingPosition, viewer: Viewer): number {
    const { minimumSize, skip, point, view, visit } = viewer
    const headers = this.headers
    const data = this.data
    const mask = this.mask
    const end = place.limit
    let start = place.position
    let visited = 0
    if (start > end) throw this.lostPlace(place)
    // Positions are exact to 2^53; within a stretch, at whose end the kernel is told, 32 bits hold them and are faster.
    while (start < end) {
      if (start - this.released >= this.releaseEvery) this.release()
      const stretch = min(end - start, this.releaseEvery)
      const most = min(end - start, 0x7fff_ffff)
      let at = start & mask
      let walked = 0
      while (walked < stretch) {
        const header = loadHeader(headers, at >> 2)
        if (header === undefined || header < 0) return visited
        const length = header & lengthMask
        const record = at + headerSize
        const size = (headerSize + length + 7) & ~7
        at = (at + size) & mask
        walked = (walked + size) | 0
        if (walked > most) throw this.lostPlace(place)
        place.position = start + walked
        if (header >= discardBit) continue
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

  protected waits({ position }: RingPosition): boolean {
    if (this.producerPosition() <= position) return false
    return atomicLoad(this.headers, (position & this.mask) >> 2) >= 0
  }
}
