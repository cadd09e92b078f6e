import { floor, max } from '../../codec/intrinsics.ts'
import { BPF_MAP_LOOKUP_BATCH, bpfSystemCall } from '../ffi/bpf.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch, setPointer } from '../ffi/memory.ts'
import { bpfSyscallNumber } from '../ffi/syscall-numbers.ts'
import { EINVAL, ENOENT, ENOSPC, ENOTSUPP, EOPNOTSUPP } from '../host/errno.ts'
import type { MapHandle } from './handle.ts'
import type { MapInfo } from './info.ts'

/** Size and an offset in bytes of union bpf_attr for the batch commands. */
const batchAttrSize = 56
const countOffset = 32
const batchBytes = 1 << 16

/** A walk with BPF_MAP_LOOKUP_BATCH (Linux 5.6). The kernel copies whole hash buckets, so deletions do not disturb it. */
export class Batches {
  readonly keySize: number
  readonly valueStride: number
  keys: DataView<ArrayBuffer>
  values: DataView<ArrayBuffer>
  readonly #handle: MapHandle
  readonly #info: MapInfo
  readonly #attr: Scratch
  readonly #cursors: [Scratch, Scratch]
  #memory: [Scratch, Scratch]
  #capacity: number
  #started = false
  #ended = false

  private constructor(handle: MapHandle, keySize: number, valueStride: number) {
    this.#handle = handle
    this.#info = handle.info()
    this.keySize = keySize
    this.valueStride = valueStride
    this.#attr = scratch(batchAttrSize)
    // The kernel's position in the walk: 4 bytes for hash maps, a key for the others.
    this.#cursors = [scratch(max(8, keySize)), scratch(max(8, keySize))]
    this.#capacity = max(16, floor(batchBytes / (keySize + valueStride)))
    this.#memory = this.#allocate()
    this.keys = this.#memory[0].data
    this.values = this.#memory[1].data
  }

  static of(handle: MapHandle, keySize: number, valueStride: number): Batches | undefined {
    return handle.noBatches ? undefined : new Batches(handle, keySize, valueStride)
  }

  /** Reads on into `keys` and `values`. @returns how many elements; 0 at the end, -1 when the map has no batches */
  next(): number {
    for (;;) {
      if (this.#ended) return 0
      const [from, to] = this.#cursors
      const attr = this.#attr.data
      setPointer(attr, 0, this.#started ? from.address : 0)
      setPointer(attr, 8, to.address)
      setPointer(attr, 16, this.#memory[0].address)
      setPointer(attr, 24, this.#memory[1].address)
      attr.setUint32(countOffset, this.#capacity, true)
      attr.setUint32(36, this.#handle.requireSameFd(this.#info, 'walk'), true)
      const failed =
        bpfSystemCall()(
          bpfSyscallNumber(),
          BPF_MAP_LOOKUP_BATCH,
          this.#attr.address,
          batchAttrSize,
        ) < 0
      const result = failed ? errno() : 0
      // A hash bucket has more elements than the buffers.
      if (result === ENOSPC) {
        this.#capacity *= 2
        this.#memory = this.#allocate()
        this.keys = this.#memory[0].data
        this.values = this.#memory[1].data
        continue
      }
      if (result === ENOENT) this.#ended = true
      else if (result !== 0) {
        if (!this.#started && (result === ENOTSUPP || result === EINVAL || result === EOPNOTSUPP)) {
          this.#handle.noBatches = true
          return -1
        }
        throw this.#handle.failure('walk', result)
      }
      this.#started = true
      this.#cursors.reverse()
      return attr.getUint32(countOffset, true)
    }
  }

  #allocate(): [Scratch, Scratch] {
    return [scratch(this.#capacity * this.keySize), scratch(this.#capacity * this.valueStride)]
  }
}
