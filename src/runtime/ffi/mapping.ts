import { ceil, Collected, toBigInt } from '../../codec/intrinsics.ts'
import { BpfError } from '../host/error.ts'
import { koffi } from './koffi.ts'
import {
  getpagesize,
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_NORESERVE,
  MAP_PRIVATE,
  MAP_SHARED,
  mmap,
  munmap,
  PROT_READ,
  PROT_WRITE,
} from './libc.ts'
import { errno } from './library.ts'

interface Range {
  address: number
  length: number
}

/**
 * Unmaps memory when its ArrayBuffer has been collected: a buffer over native memory cannot be detached, so it may be
 * read and written as long as anyone can reach it.
 */
const collected = new Collected<Range>(({ address, length }) => munmap(address, length))

/** Memory that is mapped from a descriptor (mmap(2)), as an ArrayBuffer. */
export class Mapping {
  readonly buffer: ArrayBuffer
  readonly #range: Range
  #retired = false

  /** @throws {BpfError} with mmap's errno */
  constructor(fd: number, length: number, writable: boolean, offset = 0) {
    const page = getpagesize()
    const whole = ceil(length / page) * page
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ
    const address = mmap(0, whole, protection, MAP_SHARED, fd, offset)
    if (address === -1) {
      throw new BpfError({
        operation: 'map',
        object: `descriptor ${fd} into memory`,
        errno: errno(),
      })
    }
    this.#range = { address, length: whole }
    this.buffer = koffi().view(toBigInt(address), length)
    collected.register(this.buffer, this.#range)
  }

  /**
   * Releases the descriptor's memory. Private zero pages take its place, so that views which are still in use stay
   * harmless; they are writable, since a late write to read-only pages would be SIGSEGV.
   */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
    mmap(this.#range.address, this.#range.length, PROT_READ | PROT_WRITE, flags, -1, 0)
  }
}

/** Reserves zero pages, which cost nothing until written. The caller unmaps them; undefined when mmap is refused. */
export function reserve(length: number): Range | undefined {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  const address = mmap(0, length, PROT_READ | PROT_WRITE, flags, -1, 0)
  return address === -1 ? undefined : { address, length }
}

/** Whether nothing is mapped at these addresses of the process. */
export function isFree(address: number, length: number): boolean {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE
  const result = mmap(address, length, 0, flags, -1, 0)
  if (result !== -1) munmap(result, length)
  return result === address
}
