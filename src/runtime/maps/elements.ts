import { Bytes, setBytes } from '../../codec/intrinsics.ts'
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

/** @throws {TypeError} for what is no flag */
export function updateFlag(flag: UpdateFlag | undefined): number {
  if (flag === undefined) return updateFlags.any
  if (flag === 'noexist' || flag === 'exist') return updateFlags[flag]
  throw new TypeError(`the flag is 'noexist', 'exist' or left out, not ${String(flag)}`)
}

/** Offsets in union bpf_attr of the BPF_MAP_*_ELEM commands. */
const attrSize = 32
const flagsOffset = 24
/** Of BPF_MAP_DELETE_ELEM, which refuses anything after the key (kernel/bpf/syscall.c: CHECK_ATTR). */
const deleteAttrSize = 16

/** Of one walk by keys, before it is taken for endless. */
const mostRestarts = 16

/**
 * The element commands of bpf(2) on one map. Key and value have each one fixed place in memory, so that a call allocates
 * nothing; they are as large as the kernel's own info says, since that is what it reads and writes.
 */
export class Elements {
  readonly keySize: number
  /** Of one value; per CPU there are several. */
  readonly valueSize: number
  /** Commands until now. */
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
  /** Some of the memory could not be guarded: the kernel is asked before each command what it will copy. */
  #asks = false

  /** @param valueBytes of all that the kernel copies for one element */
  constructor(handle: MapHandle, operation: string, valueBytes?: (valueSize: number) => number) {
    const info = handle.info(operation)
    this.#handle = handle
    this.#info = info
    this.#generation = handle.generation
    this.keySize = info.keySize
    this.valueSize = info.valueSize
    this.#keyMemory = this.#memory(info.keySize)
    this.#valueMemory = this.#memory(valueBytes?.(info.valueSize) ?? info.valueSize)
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

  /** Bytes of one element's value, or of all its CPUs' values. */
  get valueBytes(): number {
    return this.#valueMemory.size
  }

  /** `key` to `value`; false when there is none. */
  lookup(): boolean {
    const result = this.#run(BPF_MAP_LOOKUP_ELEM, 0)
    if (result === 0) return true
    if (result === ENOENT) return false
    throw this.#handle.failure('get from', result)
  }

  /** The same, and removes it. */
  take(): boolean {
    const result = this.#run(BPF_MAP_LOOKUP_AND_DELETE_ELEM, 0)
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
    const result = this.#run(BPF_MAP_UPDATE_ELEM, flag)
    if (result === 0) return
    const details = result === E2BIG ? tooMany(this.#info) : { reason: reason(result, flag) }
    throw this.#handle.failure('set an element of', result, details)
  }

  /** @param absent what else than ENOENT and an index past the end says that there is none */
  remove(absent: number = ENOENT): boolean {
    const result = this.#run(BPF_MAP_DELETE_ELEM, 0)
    if (result === 0) return true
    if (result === ENOENT || result === E2BIG || result === absent) return false
    throw this.#handle.failure('delete from', result)
  }

  /** 0, or the errno. */
  #run(cmd: number, flags: number): number {
    // Between the caller's check and here ran its own accessors: the descriptor may be another's by now.
    if (this.#handle.generation !== this.#generation) this.#refit()
    if (this.#asks) this.#handle.requireSameFd(this.#info, 'use')
    this.commandCount++
    const size = cmd === BPF_MAP_DELETE_ELEM ? deleteAttrSize : attrSize
    this.#attr.data.setUint32(flagsOffset, flags, true)
    return this.#call(this.#number, cmd, this.#attr.address, size) < 0 ? errno() : 0
  }

  #memory(size: number): Scratch {
    const memory = guardedBuffer(size)
    if (memory) return memory
    this.#asks = true
    return scratch(size)
  }

  #refit(): void {
    this.#attr.data.setUint32(0, this.#handle.requireFdFor(this.#info, 'use'), true)
    this.#generation = this.#handle.generation
  }

  /**
   * Every key as it is now, from the kernel's own walk. A key that goes while the walk is at it sends the kernel back to
   * the first one: known keys are passed over, and the walk ends when that has happened too often.
   */
  keys(): Uint8Array<ArrayBuffer>[] {
    const attr = scratch(attrSize)
    const current = scratch(this.keySize)
    const next = (this.#nextKey ??= this.#memory(this.keySize))
    attr.data.setUint32(0, this.#handle.requireFdFor(this.#info, 'walk'), true)
    setPointer(attr.data, 16, next.address)
    const keys: Uint8Array<ArrayBuffer>[] = []
    const seen = new Set<string>()
    let [restarts, known] = [0, false]
    for (;;) {
      if (this.#asks) this.#handle.requireSameFd(this.#info, 'walk')
      if (this.#call(this.#number, BPF_MAP_GET_NEXT_KEY, attr.address, attrSize) < 0) {
        const result = errno()
        if (result === ENOENT) return keys
        throw this.#handle.failure('walk', result)
      }
      const key = new Bytes(this.keySize)
      setBytes(key, new Bytes(next.buffer, 0, this.keySize))
      const text = Buffer.from(key.buffer).toString('latin1')
      if (seen.has(text)) {
        if (!known && ++restarts > mostRestarts) return keys
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

  /** Whole elements, many a system call; undefined when the kernel has no batches for this kind of map. */
  batches(): Batches | undefined {
    return Batches.of(this.#handle, this.keySize, this.#valueMemory.size)
  }
}

/** linux/bpf.h: types whose keys are indexes. */
const arrayTypes = new Set([2, 3, 4, 6, 8, 12, 14, 15, 16, 17, 20])
const queueTypes = new Set([22, 23])

/** Why a map took no more. */
function tooMany({ type, maxEntries, name }: MapInfo): { reason: string; hint: string } {
  const setting = `maps.${name}.maxEntries`
  if (arrayTypes.has(type)) {
    return {
      reason: `the index is not below its maxEntries, ${maxEntries}`,
      hint: `Use an index from 0 to ${maxEntries - 1}, or set ${setting} before load()`,
    }
  }
  const room = queueTypes.has(type)
    ? "pop() values, or push(value, 'exist'), which drops the oldest"
    : 'delete elements, or use BPF_MAP_TYPE_LRU_HASH, which drops old ones'
  return {
    reason: `the map is full, its maxEntries is ${maxEntries}`,
    hint: `Set ${setting} before load(), ${room}`,
  }
}

function reason(result: number, flag: number): string | undefined {
  if (flag === updateFlags.noexist && result === EEXIST) return 'the key is there already'
  if (flag === updateFlags.exist && result === ENOENT) return 'there is no such key'
  return undefined
}
