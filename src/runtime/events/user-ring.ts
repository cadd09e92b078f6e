import {
  atomicLoad,
  atomicStore,
  Bytes,
  setBytes,
  toBigInt,
  toNumber,
} from '../../codec/intrinsics.ts'
import { BPF_RINGBUF_HDR_SZ } from '../../uapi/ringbuf.ts'
import { close, duplicate, getpagesize } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { Mapping } from '../ffi/mapping.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import { SendLock } from './send-lock.ts'

/** In bytes: a record becomes a dynamic pointer, whose size has 24 bits (kernel/bpf/helpers.c: DYNPTR_MAX_SIZE). */
const largestRecord = (1 << 24) - 1

/**
 * A BPF_MAP_TYPE_USER_RINGBUF map in memory (kernel/bpf/ringbuf.c: ringbuf_map_mmap_user). Threads and processes
 * that send through the same map with this library take turns; others must not send through it.
 */
export class UserRing {
  readonly #consumerPage: Mapping
  readonly #producerPages: Mapping
  readonly #consumer: BigUint64Array
  readonly #producer: BigUint64Array
  readonly #headers: Int32Array
  /** The data, mapped twice in a row so that a record never wraps. */
  readonly #data: Uint8Array
  readonly #size: number
  readonly #lock: SendLock
  /** A duplicate, to wait with: the map's own descriptor may close before the ring does. */
  readonly fd: number

  constructor(handle: RingMapHandle, operation: string) {
    const { maxEntries } = handle.info(operation)
    const fd = handle.requireCheckedFd(operation)
    const page = getpagesize()
    this.#consumerPage = new Mapping(fd, page, false)
    this.#producerPages = new Mapping(fd, page + 2 * maxEntries, true, page)
    const { buffer } = this.#producerPages
    this.#consumer = new BigUint64Array(this.#consumerPage.buffer, 0, 1)
    this.#producer = new BigUint64Array(buffer, 0, 1)
    this.#headers = new Int32Array(buffer, page)
    this.#data = new Bytes(buffer, page)
    this.#size = maxEntries
    // The lock is the page's last word: the kernel reads the first alone (kernel/bpf/ringbuf.c: struct bpf_ringbuf).
    this.#lock = new SendLock(new BigUint64Array(buffer, page - 8, 1), handle.title)
    this.fd = duplicate(fd)
    if (this.fd < 0) throw handle.failure(operation, errno())
  }

  /** Whether a record of this size fits into the empty ring. */
  canHold(bytes: number): boolean {
    return bytes <= largestRecord && sizeInRing(bytes) <= this.#size
  }

  /**
   * Puts a record where the next drain finds it; false when there is no room now.
   * @throws {BpfError} EBUSY when another thread holds the lock for a second
   */
  send(record: Uint8Array): boolean {
    this.#lock.acquire()
    try {
      return this.#put(record)
    } finally {
      this.#lock.release()
    }
  }

  #put(record: Uint8Array): boolean {
    const position = toNumber(atomicLoad(this.#producer, 0))
    const unread = position - toNumber(atomicLoad(this.#consumer, 0))
    if (sizeInRing(record.length) > this.#size - unread) return false
    const at = position & (this.#size - 1)
    setBytes(this.#data, record, at + BPF_RINGBUF_HDR_SZ)
    atomicStore(this.#headers, at >> 2, record.length)
    // Stored last: programs read up to this position.
    atomicStore(this.#producer, 0, toBigInt(position + sizeInRing(record.length)))
    return true
  }

  close(): void {
    close(this.fd)
    this.#consumerPage.retire()
    this.#producerPages.retire()
  }
}

/** Returns the bytes of the ring that a record takes, its header included. */
function sizeInRing(bytes: number): number {
  return (BPF_RINGBUF_HDR_SZ + bytes + 7) & ~7
}
