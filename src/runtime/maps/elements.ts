import { BpfError } from '../error.ts'
import { bpfSystemCall, command, syscallNumber } from '../ffi/bpf.ts'
import { EINVAL, ENOENT, ENOSPC, EOPNOTSUPP, ENOTSUPP } from '../ffi/errno.ts'
import type { Call } from '../ffi/library.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch, setPointer } from '../ffi/memory.ts'
import type { MapHandle } from './handle.ts'

/** linux/bpf.h: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export const updateFlags = { any: 0, noexist: 1, exist: 2 } as const

/** Offsets in union bpf_attr of the BPF_MAP_*_ELEM commands. */
const attrSize = 32
const flagsOffset = 24
/** Of BPF_MAP_DELETE_ELEM, which refuses anything after the key (kernel/bpf/syscall.c: CHECK_ATTR). */
const deleteAttrSize = 16

/**
 * The element commands of bpf(2) on one map. Key and value have each one fixed place in memory, so that a call allocates
 * nothing; they are as large as the kernel's own info says, since that is what it reads and writes.
 */
export class Elements {
  readonly keySize: number
  /** Of one value; per CPU there are several. */
  readonly valueSize: number
  readonly key: DataView<ArrayBuffer>
  readonly value: DataView<ArrayBuffer>
  readonly #handle: MapHandle
  readonly #fd: number
  readonly #keyMemory: Scratch
  readonly #valueMemory: Scratch
  readonly #attr: Scratch
  readonly #call: Call<number>
  readonly #number: number

  /** @param valueBytes of all that the kernel copies for one element */
  constructor(handle: MapHandle, operation: string, valueBytes?: (valueSize: number) => number) {
    const info = handle.info(operation)
    this.#handle = handle
    this.#fd = handle.requireFd(operation)
    this.keySize = info.keySize
    this.valueSize = info.valueSize
    this.#keyMemory = scratch(info.keySize)
    this.#valueMemory = scratch(valueBytes?.(info.valueSize) ?? info.valueSize)
    this.key = this.#keyMemory.data
    this.value = this.#valueMemory.data
    this.#attr = scratch(attrSize)
    this.#attr.data.setUint32(0, this.#fd, true)
    setPointer(this.#attr.data, 8, this.#keyMemory.address)
    setPointer(this.#attr.data, 16, this.#valueMemory.address)
    this.#call = bpfSystemCall()
    this.#number = syscallNumber()
  }

  /** Bytes of one element's value, or of all its CPUs' values. */
  get valueBytes(): number {
    return this.#valueMemory.size
  }

  /** `key` to `value`; false when there is none. */
  lookup(): boolean {
    return this.#element('get from', command.mapLookup, 0) === 0
  }

  /** The same, and removes it. */
  take(): boolean {
    const result = this.#run(command.mapTake, 0)
    if (result === 0) return true
    // Hash maps only know it since 5.14.
    if (result === ENOTSUPP || result === EINVAL || result === EOPNOTSUPP) {
      return this.lookup() && this.remove()
    }
    if (result === ENOENT) return false
    throw this.#handle.failure('take from', result)
  }

  /** @throws {BpfError} EEXIST, ENOENT by the flag; E2BIG when full */
  update(flag: number): void {
    const result = this.#run(command.mapUpdate, flag)
    if (result === 0) return
    throw new BpfError({
      operation: 'set an element of',
      object: this.#handle.title,
      errno: result,
      ...explained(result, flag),
    })
  }

  remove(): boolean {
    return this.#element('delete from', command.mapDelete, 0) === 0
  }

  #element(operation: string, cmd: number, flags: number): number {
    const result = this.#run(cmd, flags)
    if (result !== 0 && result !== ENOENT) throw this.#handle.failure(operation, result)
    return result
  }

  /** 0, or the errno. */
  #run(cmd: number, flags: number): number {
    // Between the caller's check and here ran its own accessors: the descriptor may be another's by now.
    if (this.#handle.liveFd !== this.#fd) this.#handle.requireFd('use')
    const size = cmd === command.mapDelete ? deleteAttrSize : attrSize
    this.#attr.data.setUint32(flagsOffset, flags, true)
    return this.#call(this.#number, cmd, this.#attr.address, size) < 0 ? errno() : 0
  }

  /** Every key as it is now, from the kernel's own walk; ends also when keys come and go meanwhile. */
  keys(): Uint8Array<ArrayBuffer>[] {
    const attr = scratch(attrSize)
    const [current, next] = [scratch(this.keySize), scratch(this.keySize)]
    attr.data.setUint32(0, this.#handle.requireFd('walk'), true)
    setPointer(attr.data, 16, next.address)
    const keys: Uint8Array<ArrayBuffer>[] = []
    const seen = new Set<string>()
    for (;;) {
      if (this.#call(this.#number, command.mapNextKey, attr.address, attrSize) < 0) {
        const result = errno()
        if (result === ENOENT) return keys
        throw this.#handle.failure('walk', result)
      }
      const key = new Uint8Array(next.buffer.slice(0, this.keySize))
      // A key deleted under the walk sends the kernel back to the first one.
      const text = String.fromCharCode(...key)
      if (seen.has(text)) return keys
      seen.add(text)
      keys.push(key)
      new Uint8Array(current.buffer).set(key)
      setPointer(attr.data, 8, current.address)
    }
  }

  /** Whole elements, many a system call; undefined when the kernel has no batches for this kind of map. */
  batches(): Batches | undefined {
    return Batches.of(this.#handle, this.keySize, this.#valueMemory.size)
  }
}

function explained(result: number, flag: number): { reason?: string; hint?: string } {
  if (flag === updateFlags.noexist && result !== ENOENT)
    return { reason: 'the key is there already' }
  if (flag === updateFlags.exist && result === ENOENT) return { reason: 'there is no such key' }
  return {}
}

/** Offsets in union bpf_attr of the batch commands. */
const batchAttrSize = 56
const countOffset = 32
const batchBytes = 1 << 16

/** A walk by BPF_MAP_LOOKUP_BATCH, kernel 5.6. It copies hash buckets whole, so deletions cannot derail it. */
export class Batches {
  readonly keySize: number
  readonly valueStride: number
  keys: DataView<ArrayBuffer>
  values: DataView<ArrayBuffer>
  readonly #handle: MapHandle
  readonly #attr: Scratch
  readonly #cursors: [Scratch, Scratch]
  #memory: [Scratch, Scratch]
  #capacity: number
  #started = false
  #ended = false

  private constructor(handle: MapHandle, keySize: number, valueStride: number) {
    this.#handle = handle
    this.keySize = keySize
    this.valueStride = valueStride
    this.#attr = scratch(batchAttrSize)
    // The walk's own place: 4 bytes of a hash, a key of the other kinds.
    this.#cursors = [scratch(Math.max(8, keySize)), scratch(Math.max(8, keySize))]
    this.#capacity = Math.max(16, Math.floor(batchBytes / (keySize + valueStride)))
    this.#memory = this.#room()
    this.keys = this.#memory[0].data
    this.values = this.#memory[1].data
  }

  static of(handle: MapHandle, keySize: number, valueStride: number): Batches | undefined {
    return handle.noBatches ? undefined : new Batches(handle, keySize, valueStride)
  }

  /** Reads on into `keys` and `values`. @returns how many elements; 0 at the end, -1 when the kernel cannot batch */
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
      attr.setUint32(36, this.#handle.requireFd('walk'), true)
      const failed =
        bpfSystemCall()(
          syscallNumber(),
          command.mapLookupBatch,
          this.#attr.address,
          batchAttrSize,
        ) < 0
      const result = failed ? errno() : 0
      // A hash bucket with more elements than there is room for.
      if (result === ENOSPC) {
        this.#capacity *= 2
        this.#memory = this.#room()
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

  #room(): [Scratch, Scratch] {
    return [scratch(this.#capacity * this.keySize), scratch(this.#capacity * this.valueStride)]
  }
}
