import { max, toBigInt } from '../../codec/intrinsics.ts'
import { koffi } from '../ffi/koffi.ts'
import { callAsync } from '../ffi/libbpf.ts'
import { calloc, munmap, strnlen } from '../ffi/libc.ts'
import { reserve } from '../ffi/mapping.ts'
import type { Scratch } from '../ffi/memory.ts'
import { cString, getPointer, readString, scratch, scratchOf, setPointer } from '../ffi/memory.ts'
import {
  bpf_object__attach_skeleton,
  bpf_object__destroy_skeleton,
  bpf_object__load_skeleton,
  bpf_object__open_skeleton,
  bpf_program__set_log_buf,
} from '../ffi/object.ts'
import type { PrintBuffer } from '../ffi/print-buffer.ts'
import type { NativeOptions } from './open-options.ts'

/** Indexes of 64-bit words in struct bpf_object_skeleton (libbpf.h). */
const mapCountWord = 5
const programCountWord = 7
const programsWord = 8
/** struct bpf_map_skeleton in bytes, with the link of libbpf 1.5; older versions step by this size and ignore the link. */
const mapEntrySize = 32
/** struct bpf_prog_skeleton in bytes. */
const programEntrySize = 24

/**
 * Bytes of a program's log buffer. With too small a buffer the kernel returns ENOSPC and no reason; the log of a million
 * instructions takes some 100 MB. Pages that are never written cost nothing. The kernel accepts at most 1 GiB.
 */
const logSize = 256 << 20

export interface MapEntry {
  /** The name by which libbpf finds the map: a data section's ELF name. */
  readonly name: string
  readonly isArena: boolean
}

/**
 * `struct bpf_object_skeleton` in native memory, as bpftool's generated `X__create_skeleton` would fill it: libbpf
 * opens, loads and attaches through it. Its functions return 0 or minus an errno.
 */
export class ObjectSkeleton {
  readonly #struct: NativeWords
  /**
   * The pointers that libbpf fills: `struct bpf_object *`, then two for each map (map, memory), then two for each program
   * (program, link).
   */
  readonly #slots: Scratch
  readonly #maps: number
  readonly #programs: number
  /** Address of the `struct bpf_prog_skeleton` array. */
  readonly #programEntries: number
  /** Memory that libbpf reads through pointers, kept reachable. */
  readonly #buffers: Scratch[] = []
  #log: { address: number; length: number } | undefined
  #logShare = logSize
  #destroyed = false

  constructor(
    name: string,
    object: Uint8Array,
    maps: readonly MapEntry[],
    programs: readonly string[],
  ) {
    this.#maps = maps.length
    this.#programs = programs.length
    this.#slots = scratch(8 * (1 + 2 * maps.length + 2 * programs.length))
    const keep = (memory: Scratch): number => {
      this.#buffers[this.#buffers.length] = memory
      return memory.address
    }
    const text = (value: string): number => keep(cString(value))
    const slot = (index: number): number => this.#slots.address + 8 * index
    const mapEntries = nativeWords(
      maps.flatMap(({ name, isArena }, index) => {
        const at = this.#mapSlot(index)
        // Sections are mapped from the map's descriptor (sections/data.ts), since libbpf 1.1 and 1.8 differ in when they
        // map a reused one. Maps are linked one by one.
        return [text(name), slot(at), isArena ? slot(at + 1) : 0, 0]
      }),
    )
    const programEntries = nativeWords(
      programs.flatMap((name, index) => {
        const at = this.#programSlot(index)
        return [text(name), slot(at), slot(at + 1)]
      }),
    )
    this.#programEntries = programEntries.address
    const elf = scratchOf(object)
    this.#struct = nativeWords([
      8 * (programsWord + 1),
      text(name),
      keep(elf),
      elf.size,
      slot(0),
      countAndEntrySize(maps.length, mapEntrySize),
      mapEntries.address,
      countAndEntrySize(programs.length, programEntrySize),
      programEntries.address,
    ])
  }

  open(options: NativeOptions): number {
    this.#buffers.push(...options.buffers)
    const result = bpf_object__open_skeleton(this.#struct.address, options.address)
    if (result === 0) this.#setLogBuffers()
    return result
  }

  load(): number {
    return bpf_object__load_skeleton(this.#struct.address)
  }

  /** Loads on another thread: the verifier may take seconds. @param printBuffer collects libbpf's messages there */
  loadAsync(printBuffer: PrintBuffer | undefined): Promise<number> {
    return callAsync('bpf_object__load_skeleton', this.#struct.address, printBuffer)
  }

  /** `struct bpf_map *` */
  map(index: number): number {
    return getPointer(this.#slots.data, 8 * this.#mapSlot(index))
  }

  /** Address where libbpf mapped an arena's variables. */
  mappedMemory(index: number): number {
    return getPointer(this.#slots.data, 8 * (this.#mapSlot(index) + 1))
  }

  /** `struct bpf_program *` */
  program(index: number): number {
    return getPointer(this.#slots.data, 8 * this.#programSlot(index))
  }

  /**
   * Attaches one program by libbpf's rules (libbpf.c: bpf_object__attach_skeleton): skipped when autoload or
   * autoattach are off, when its section has no automatic attachment, or names no target. libbpf gets a table of one
   * program, so that it is known which one failed.
   * @returns the `struct bpf_link *`, 0 when skipped, or minus the errno
   */
  attachProgram(index: number): number {
    const slot = 8 * (this.#programSlot(index) + 1)
    this.#setTables(0, 1, this.#programEntries + index * programEntrySize)
    const result = bpf_object__attach_skeleton(this.#struct.address)
    this.#setTables(this.#maps, this.#programs, this.#programEntries)
    const link = getPointer(this.#slots.data, slot)
    // The caller owns the link now: bpf_object__destroy_skeleton() must not destroy it too.
    setPointer(this.#slots.data, slot, 0)
    return result < 0 ? result : link
  }

  /** Reads the verifier's log of a program; empty when it wrote none. */
  verifierLog(index: number): string {
    if (!this.#log) return ''
    const address = this.#log.address + index * this.#logShare
    return strnlen(address, 1) === 0 ? '' : readString(address, this.#logShare)
  }

  /** Unmaps the log buffers. */
  freeLogs(): void {
    if (this.#log) munmap(this.#log.address, this.#log.length)
    this.#log = undefined
  }

  /** Frees all native memory. Idempotent. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    bpf_object__destroy_skeleton(this.#struct.address)
    this.freeLogs()
    this.#buffers.length = 0
  }

  #setLogBuffers(): void {
    if (this.#programs === 0) return
    while (!this.#log && this.#logShare >= 1 << 16) {
      this.#log = reserve(this.#programs * this.#logShare)
      if (!this.#log) this.#logShare /= 4
    }
    for (let index = 0; this.#log && index < this.#programs; index++) {
      bpf_program__set_log_buf(
        this.program(index),
        this.#log.address + index * this.#logShare,
        this.#logShare,
      )
    }
  }

  #setTables(maps: number, programs: number, entries: number): void {
    const { words } = this.#struct
    words[mapCountWord] = BigInt(countAndEntrySize(maps, mapEntrySize))
    words[programCountWord] = BigInt(countAndEntrySize(programs, programEntrySize))
    words[programsWord] = BigInt(entries)
  }

  #mapSlot(index: number): number {
    return 1 + 2 * index
  }

  #programSlot(index: number): number {
    return 1 + 2 * this.#maps + 2 * index
  }
}

/** Packs two ints into one word: the number of entries, and the size of one in bytes. */
function countAndEntrySize(count: number, entrySize: number): number {
  return count + entrySize * 2 ** 32
}

interface NativeWords {
  readonly address: number
  /** Must never reach a user, nor be used after free. */
  readonly words: BigUint64Array
}

/** Allocates with calloc(3), since bpf_object__destroy_skeleton() frees the struct and both tables with free(3). */
function nativeWords(values: readonly number[]): NativeWords {
  const count = max(1, values.length)
  const address = calloc(count, 8)
  const words = new BigUint64Array(koffi().view(BigInt(address), 8 * count))
  for (let i = 0; i < values.length; i++) words[i] = toBigInt(values[i] ?? 0)
  return { address, words }
}
