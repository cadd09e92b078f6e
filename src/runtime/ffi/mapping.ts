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
 * An ArrayBuffer over native memory cannot be detached, so memory is given back only when nobody can reach the
 * buffer any more.
 */
const collected = new Collected<Range>(({ address, length }) => munmap(address, length))

/** Memory mapped from a descriptor, as one ArrayBuffer. */
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
   * Lets go of the descriptor's memory, while stale views stay harmless: private zero pages take its place
   * (read-only ones would turn a late write into SIGSEGV).
   */
  retire(): void {
    if (this.#retired) return
    this.#retired = true
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE
    mmap(this.#range.address, this.#range.length, PROT_READ | PROT_WRITE, flags, -1, 0)
  }
}

/** Zero pages that cost nothing until written. The caller unmaps them; undefined when memory is refused. */
export function reserve(length: number): Range | undefined {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  const address = mmap(0, length, PROT_READ | PROT_WRITE, flags, -1, 0)
  return address === -1 ? undefined : { address, length }
}

/** Whether the process has nothing at these addresses. */
export function isFree(address: number, length: number): boolean {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE
  const result = mmap(address, length, 0, flags, -1, 0)
  if (result !== -1) munmap(result, length)
  return result === address
}
