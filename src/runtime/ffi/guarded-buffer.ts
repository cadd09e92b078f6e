import { ceil, Collected, max, Memory, toBigInt } from '../../codec/intrinsics.ts'
import { koffi } from './koffi.ts'
import {
  getpagesize,
  MAP_ANONYMOUS,
  MAP_NORESERVE,
  MAP_PRIVATE,
  mmap,
  mprotect,
  munmap,
  PROT_READ,
  PROT_WRITE,
} from './libc.ts'
import type { Scratch } from './memory.ts'

/** The most guarded buffers at once. A process has some 65,000 mappings (vm.max_map_count); each buffer takes two. */
const maxBuffers = 8192

let bufferCount = 0
const collected = /*#__PURE__*/ new Collected<{ address: number; length: number }>(
  ({ address, length }) => {
    bufferCount--
    munmap(address, length)
  },
)

/**
 * Allocates a buffer that ends before a guard page. The kernel copies as many bytes as the elements of the map behind a
 * descriptor have: if the number means another map by then, of larger elements, the kernel returns EFAULT instead of
 * reading or overwriting what follows. Undefined when there are too many such buffers already.
 */
export function guardedBuffer(size: number): Scratch | undefined {
  if (bufferCount >= maxBuffers) return undefined
  const page = getpagesize()
  const rounded = max(8, ceil(size / 8) * 8)
  const length = ceil(rounded / page) * page
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
  const start = mmap(0, length + page, 0, flags, -1, 0)
  if (start === -1) return undefined
  if (mprotect(start, length, PROT_READ | PROT_WRITE) < 0) {
    munmap(start, length + page)
    return undefined
  }
  const address = start + length - rounded
  const buffer = koffi().view(toBigInt(address), rounded)
  collected.register(buffer, { address: start, length: length + page })
  bufferCount++
  return { address, size, buffer, data: new Memory(buffer) as DataView<ArrayBuffer> }
}
