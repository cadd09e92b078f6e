import { Bytes, setBytes } from '../../codec/intrinsics.ts'
import {
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_QUEUE,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_STACK,
  BPF_MAP_TYPE_XSKMAP,
} from '../../uapi/map-type-number.ts'
import {
  BPF_MAP_DELETE_ELEM,
  BPF_MAP_GET_NEXT_KEY,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM,
  BPF_MAP_LOOKUP_ELEM,
  BPF_MAP_UPDATE_ELEM,
  bpfSystemCall,
} from '../ffi/bpf.ts'
import { guardedBuffer } from '../ffi/guarded-buffer.ts'
import type { Call } from '../ffi/library.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch, setPointer } from '../ffi/memory.ts'
import { bpfSyscallNumber } from '../ffi/syscall-numbers.ts'
import { E2BIG, EEXIST, EINVAL, ENOENT, ENOTSUPP, EOPNOTSUPP } from '../host/errno.ts'
import { Batches } from './batches.ts'
import type { MapHandle } from './handle.ts'
import type { MapInfo } from './info.ts'

/** linux/bpf.h: BPF_ANY, BPF_NOEXIST, BPF_EXIST. */
export const updateFlags = { any: 0, noexist: 1, exist: 2 } as const

export type UpdateFlag = 'noexist' | 'exist'

/** Returns the kernel's number of a flag. @throws {TypeError} for another flag */
export function updateFlag(flag: UpdateFlag | undefined): number {
  if (flag === undefined) return updateFlags.any
  if (flag === 'noexist' || flag === 'exist') return updateFlags[flag]
  throw new TypeError(`flag must be 'noexist', 'exist' or undefined, not ${String(flag)}`)
}

/** Size and an offset in bytes of union bpf_attr for the BPF_MAP_*_ELEM commands. */
const attrSize = 32
const flagsOffset = 24
/** BPF_MAP_DELETE_ELEM refuses anything after the key (kernel/bpf/syscall.c: CHECK_ATTR). */
const deleteAttrSize = 16

/** How often one walk by keys may start again before it is taken for endless. */
const maxRestarts = 16

/**
 * The element commands of bpf(2) on one map. The key and the value each have one buffer, so that a call allocates nothing.
 * The buffers have the sizes that the kernel's map info tells, since that is what it reads and writes.
 */
export class Elements {
  readonly keySize: number
  /** Bytes of one value; a per-CPU map has several. */
  readonly valueSize: number
  /** Counts the commands. */
  commandCount = 0
  readonly key: DataView<ArrayBuffer>
  readonly value: DataView<ArrayBuffer>
  readonly #handle: MapHandle
  readonly #info: MapInfo
  #generation: number
  readonly #keyMemory: Scratch
  readonly #valueMemory: Scratch
  #nextKey: Scratch | undefined
  readonly #attr: Scratch
  readonly #call: Call<number>
  readonly #number: number
  /** A buffer has no guard page: before each command the kernel is asked whether the map's sizes are the same. */
  #mustCheckMap = false

  /** @param valueBytes returns how many bytes the kernel copies for one element */
  constructor(handle: MapHandle, operation: string, valueBytes?: (valueSize: number) => number) {
    const info = handle.info(operation)
    this.#handle = handle
    this.#info = info
    this.#generation = handle.generation
    this.keySize = info.keySize
    this.valueSize = info.valueSize
    this.#keyMemory = this.#allocate(info.keySize)
    this.#valueMemory = this.#allocate(valueBytes?.(info.valueSize) ?? info.valueSize)
    this.key = this.#keyMemory.data
    this.value = this.#valueMemory.data
    this.#attr = scratch(attrSize)
    this.#attr.data.setUint32(0, handle.requireFd(operation), true)
    // Maps without keys refuse even an empty one (kernel/bpf/syscall.c: ___bpf_copy_key).
    setPointer(this.#attr.data, 8, info.keySize === 0 ? 0 : this.#keyMemory.address)
    setPointer(this.#attr.data, 16, this.#valueMemory.address)
    this.#call = bpfSystemCall()
    this.#number = bpfSyscallNumber()
  }

  /** Bytes of one element's value, or of the values of all CPUs. */
  get valueBytes(): number {
    return this.#valueMemory.size
  }

  /** Reads the element of `key` into `value`; false when there is none. */
  lookup(): boolean {
    const result = this.#run(BPF_MAP_LOOKUP_ELEM, 0)
    if (result === 0) return true
    if (result === ENOENT) return false
    throw this.#handle.failure('get from', result)
  }

  /** Reads the element of `key` into `value` and removes it; false when there is none. */
  take(): boolean {
    const result = this.#run(BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0)
    if (result === 0) return true
    // Hash maps have the command since Linux 5.14.
    if (result === ENOTSUPP || result === EINVAL || result === EOPNOTSUPP) {
      return this.lookup() && this.remove()
    }
    if (result === ENOENT) return false
    throw this.#handle.failure('take from', result)
  }

  /** Sets the element of `key` to `value`. @throws {BpfError} EEXIST, ENOENT by the flag; E2BIG when full */
  update(flag: number): void {
    const result = this.#run(BPF_MAP_UPDATE_ELEM, flag)
    if (result === 0) return
    const details = result === E2BIG ? fullMapDetails(this.#info) : { reason: reason(result, flag) }
    throw this.#handle.failure('set an element of', result, details)
  }

  /**
   * Removes the element of `key`.
   * @param absent an errno that means that there is none, besides ENOENT and E2BIG
   * @returns whether there was one
   */
  remove(absent: number = ENOENT): boolean {
    const result = this.#run(BPF_MAP_DELETE_ELEM, 0)
    if (result === 0) return true
    if (result === ENOENT || result === E2BIG || result === absent) return false
    throw this.#handle.failure('delete from', result)
  }

  /** Runs a command. @returns 0, or the errno */
  #run(cmd: number, flags: number): number {
    // Accessors of the user's key and value ran since the caller's check: the map may have another descriptor by now.
    if (this.#handle.generation !== this.#generation) this.#refreshFd()
    if (this.#mustCheckMap) this.#handle.requireSameFd(this.#info, 'use')
    this.commandCount++
    const size = cmd === BPF_MAP_DELETE_ELEM ? deleteAttrSize : attrSize
    this.#attr.data.setUint32(flagsOffset, flags, true)
    return this.#call(this.#number, cmd, this.#attr.address, size) < 0 ? errno() : 0
  }

  #allocate(size: number): Scratch {
    const memory = guardedBuffer(size)
    if (memory) return memory
    this.#mustCheckMap = true
    return scratch(size)
  }

  #refreshFd(): void {
    this.#attr.data.setUint32(0, this.#handle.requireFdFor(this.#info, 'use'), true)
    this.#generation = this.#handle.generation
  }

  /**
   * Returns every key that there is now, by BPF_MAP_GET_NEXT_KEY. When the current key is deleted meanwhile, the kernel
   * starts again at the first: known keys are skipped, and the walk ends when that happens too often.
   */
  keys(): Uint8Array<ArrayBuffer>[] {
    const attr = scratch(attrSize)
    const current = scratch(this.keySize)
    const next = (this.#nextKey ??= this.#allocate(this.keySize))
    attr.data.setUint32(0, this.#handle.requireFdFor(this.#info, 'walk'), true)
    setPointer(attr.data, 16, next.address)
    const keys: Uint8Array<ArrayBuffer>[] = []
    const seen = new Set<string>()
    let [restarts, known] = [0, false]
    for (;;) {
      if (this.#mustCheckMap) this.#handle.requireSameFd(this.#info, 'walk')
      if (this.#call(this.#number, BPF_MAP_GET_NEXT_KEY, attr.address, attrSize) < 0) {
        const result = errno()
        if (result === ENOENT) return keys
        throw this.#handle.failure('walk', result)
      }
      const key = new Bytes(this.keySize)
      setBytes(key, new Bytes(next.buffer, 0, this.keySize))
      const text = Buffer.from(key.buffer).toString('latin1')
      if (seen.has(text)) {
        if (!known && ++restarts > maxRestarts) return keys
        known = true
      } else {
        seen.add(text)
        keys[keys.length] = key
        known = false
      }
      setBytes(new Bytes(current.buffer), key)
      setPointer(attr.data, 8, current.address)
    }
  }

  /** Returns a walk of many elements a system call; undefined when the kernel has no batches for this type of map. */
  batches(): Batches | undefined {
    return Batches.of(this.#handle, this.keySize, this.#valueMemory.size)
  }
}

/** Map types whose keys are indexes below maxEntries. */
const arrayTypes: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE_ARRAY,
  BPF_MAP_TYPE_PROG_ARRAY,
  BPF_MAP_TYPE_PERF_EVENT_ARRAY,
  BPF_MAP_TYPE_PERCPU_ARRAY,
  BPF_MAP_TYPE_CGROUP_ARRAY,
  BPF_MAP_TYPE_ARRAY_OF_MAPS,
  BPF_MAP_TYPE_DEVMAP,
  BPF_MAP_TYPE_SOCKMAP,
  BPF_MAP_TYPE_CPUMAP,
  BPF_MAP_TYPE_XSKMAP,
  BPF_MAP_TYPE_REUSEPORT_SOCKARRAY,
])

/** Returns why a map takes no more elements, and what to do. */
function fullMapDetails({ type, maxEntries, name }: MapInfo): { reason: string; hint: string } {
  const setting = `maps.${name}.maxEntries`
  if (arrayTypes.has(type)) {
    return {
      reason: `the index is past its maxEntries, ${maxEntries}`,
      hint: `Use an index from 0 to ${maxEntries - 1}, or set ${setting} before load()`,
    }
  }
  const alternative =
    type === BPF_MAP_TYPE_QUEUE || type === BPF_MAP_TYPE_STACK
      ? "pop() values, or push(value, 'exist'), which drops the oldest"
      : 'delete elements, or use BPF_MAP_TYPE_LRU_HASH, which drops old ones'
  return {
    reason: `the map is full, its maxEntries is ${maxEntries}`,
    hint: `Set a larger ${setting} before load(), ${alternative}`,
  }
}

function reason(result: number, flag: number): string | undefined {
  if (flag === updateFlags.noexist && result === EEXIST) return 'the key already exists'
  if (flag === updateFlags.exist && result === ENOENT) return 'the key does not exist'
  return undefined
}
