import { atomicLoad, Bytes, max, toNumber } from '../../codec/intrinsics.ts'
import { unsupported } from '../host/error.ts'
import { discardBit, headerSize, lengthMask, loadHeader, MappedRing } from './mapped-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import type { RingPosition } from './shared-ring.ts'

/** Of the producer's page, in 8-byte words: where the oldest record begins that is not overwritten. */
const overwriteWord = 2

/**
 * A record that finds no room takes that of the oldest ones, read or not (kernel/bpf/ringbuf.c:
 * __bpf_ringbuf_reserve). It moves the overwrite position before it writes over them, so what was copied is whole if
 * the position is not past it afterwards.
 */
export class OverwriteRing extends MappedRing {
  readonly #buffer: ArrayBufferLike
  /** Where in it the data begins. */
  readonly #start: number
  /** Bytes left out to get ahead of a program that overwrites what is being copied. */
  readonly #lead: number

  /** @throws {BpfError} `ERR_BPF_UNSUPPORTED` but on x64 */
  constructor(handle: RingMapHandle, operation: string, forget: () => void) {
    if (process.arch !== 'x64') {
      throw unsupported(
        operation,
        handle.title,
        `in overwrite mode (BPF_F_RB_OVERWRITE) it can be read on x64 only: on ${process.arch} the kernel does not order ` +
          'its overwrite position before the bytes that it writes over, so that torn records could not be told',
      )
    }
    super(handle, operation, forget)
    const { buffer, byteOffset } = this.headers
    this.#buffer = buffer
    this.#start = byteOffset
    this.#lead = (this.mask + 1) / 8
  }

  advance(place: RingPosition): boolean {
    let copyFrom = 0
    for (;;) {
      const position = this.#oldest(place)
      place.position = position
      const producer = this.producerPosition()
      if (position > producer) throw this.lostPlace(place)
      if (position === producer || position >= place.limit) return false
      const at = position & this.mask
      const header = loadHeader(this.headers, at >> 2)
      if (!this.#isOverwritten(position)) {
        if (header === undefined || header < 0) return false
        if (position > place.releaseAt) {
          this.release()
          place.releaseAt = position + this.releaseEvery
        }
        const length = header & lengthMask
        place.position = position + ((headerSize + length + 7) & ~7)
        if (header >= discardBit || position < copyFrom) continue
        const start = at + headerSize
        place.keep(new Bytes(this.#buffer, this.#start + start, length))
        if (!this.#isOverwritten(position)) return true
      }
      // The oldest record is the next to go. Further on, a copy is made before the program comes by.
      copyFrom = this.#oldest(place) + this.#lead
    }
  }

  protected waits(place: RingPosition): boolean {
    const position = this.#oldest(place)
    if (this.producerPosition() <= position) return false
    const header = atomicLoad(this.headers, (position & this.mask) >> 2)
    return header >= 0 || this.#isOverwritten(position)
  }

  /** Of those that a place has not read. */
  #oldest({ position }: RingPosition): number {
    return max(position, toNumber(atomicLoad(this.producer, overwriteWord)))
  }

  #isOverwritten(position: number): boolean {
    return toNumber(atomicLoad(this.producer, overwriteWord)) > position
  }
}
