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

/** Words of libbpf.h's structs, and where in them. */
const mapCountWord = 5
const programCountWord = 7
const programsWord = 8
/** With the link slot of libbpf 1.5; older ones walk by the stride and do not look at it. */
const mapEntrySize = 32
const programEntrySize = 24

/**
 * A buffer too small for the log makes the kernel say ENOSPC instead of why. A million instructions' is some 100 MB;
 * pages that none is written to cost nothing. The kernel takes at most 1 GiB.
 */
const logSize = 256 << 20

export interface MapEntry {
  /** By which libbpf finds it: of a data section, the section. */
  readonly name: string
  readonly isArena: boolean
}

/**
 * `struct bpf_object_skeleton` in native memory, as bpftool's generated `X__create_skeleton` would fill it: libbpf
 * opens, loads and attaches through it. What it returns is 0 or minus an errno.
 */
export class ObjectSkeleton {
  readonly #struct: NativeWords
  /** `struct bpf_object *`, then a map and its memory each, then a program and a link each. */
  readonly #slots: Scratch
  readonly #maps: number
  readonly #programs: number
  /** Of programs. */
  readonly #entries: number
  /** Everything that libbpf reads through pointers. */
  readonly #held: Scratch[] = []
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
    const hold = (memory: Scratch): number => {
      this.#held[this.#held.length] = memory
      return memory.address
    }
    const text = (value: string): number => hold(cString(value))
    const slot = (index: number): number => this.#slots.address + 8 * index
    const mapEntries = nativeWords(
      maps.flatMap(({ name, isArena }, index) => {
        const at = this.#mapSlot(index)
        // Sections are mapped from the map's descriptor (sections/data.ts), since libbpf 1.1 and 1.8 differ in when they
        // map a reused one. Links of maps are made one by one.
        return [text(name), slot(at), isArena ? slot(at + 1) : 0, 0]
      }),
    )
    const programEntries = nativeWords(
      programs.flatMap((name, index) => {
        const at = this.#programSlot(index)
        return [text(name), slot(at), slot(at + 1)]
      }),
    )
    this.#entries = programEntries.address
    const elf = scratchOf(object)
    this.#struct = nativeWords([
      8 * (programsWord + 1),
      text(name),
      hold(elf),
      elf.size,
      slot(0),
      table(maps.length, mapEntrySize),
      mapEntries.address,
      table(programs.length, programEntrySize),
      programEntries.address,
    ])
  }

  open(options: NativeOptions): number {
    this.#held.push(...options.held)
    const result = bpf_object__open_skeleton(this.#struct.address, options.address)
    if (result === 0) this.#giveLogBuffers()
    return result
  }

  load(): number {
    return bpf_object__load_skeleton(this.#struct.address)
  }

  /** The same on a thread of its own: the verifier may take seconds. @param said gets what libbpf says */
  loadAside(said: PrintBuffer | undefined): Promise<number> {
    return callAsync('bpf_object__load_skeleton', this.#struct.address, said)
  }

  /** `struct bpf_map *` */
  map(index: number): number {
    return getPointer(this.#slots.data, 8 * this.#mapSlot(index))
  }

  /** Where libbpf mapped an arena's variables. */
  mapped(index: number): number {
    return getPointer(this.#slots.data, 8 * (this.#mapSlot(index) + 1))
  }

  /** `struct bpf_program *` */
  program(index: number): number {
    return getPointer(this.#slots.data, 8 * this.#programSlot(index))
  }

  /**
   * Attaches one program by libbpf's rules (libbpf.c: bpf_object__attach_skeleton): skipped when autoload or
   * autoattach are off, when its section has no automatic attachment, or names no target. Table of one, so that a
   * failure says whose it is.
   * @returns the `struct bpf_link *`, 0 when skipped, or minus the errno
   */
  attachProgram(index: number): number {
    const slot = 8 * (this.#programSlot(index) + 1)
    this.#attachable(0, 1, this.#entries + index * programEntrySize)
    const result = bpf_object__attach_skeleton(this.#struct.address)
    this.#attachable(this.#maps, this.#programs, this.#entries)
    const link = getPointer(this.#slots.data, slot)
    // Ours from here: destroy_skeleton must not destroy it again.
    setPointer(this.#slots.data, slot, 0)
    return result < 0 ? result : link
  }

  /** What the verifier wrote while it refused the program; empty when it did not. */
  verifierLog(index: number): string {
    if (!this.#log) return ''
    const address = this.#log.address + index * this.#logShare
    return strnlen(address, 1) === 0 ? '' : readString(address, this.#logShare)
  }

  /** The logs have been read, or are not wanted. */
  dropLogs(): void {
    if (this.#log) munmap(this.#log.address, this.#log.length)
    this.#log = undefined
  }

  /** Again: nothing, wherever it is called from. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    bpf_object__destroy_skeleton(this.#struct.address)
    this.dropLogs()
    this.#held.length = 0
  }

  #giveLogBuffers(): void {
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

  #attachable(maps: number, programs: number, entries: number): void {
    const { words } = this.#struct
    words[mapCountWord] = BigInt(table(maps, mapEntrySize))
    words[programCountWord] = BigInt(table(programs, programEntrySize))
    words[programsWord] = BigInt(entries)
  }

  #mapSlot(index: number): number {
    return 1 + 2 * index
  }

  #programSlot(index: number): number {
    return 1 + 2 * this.#maps + 2 * index
  }
}

/** A count and the size of an entry, an int each. */
function table(count: number, entrySize: number): number {
  return count + entrySize * 2 ** 32
}

interface NativeWords {
  readonly address: number
  /** Never reach a user, and are not used after free. */
  readonly words: BigUint64Array
}

/** bpf_object__destroy_skeleton() frees the three with free(3). */
function nativeWords(values: readonly number[]): NativeWords {
  const count = max(1, values.length)
  const address = calloc(count, 8)
  const words = new BigUint64Array(koffi().view(BigInt(address), 8 * count))
  for (let i = 0; i < values.length; i++) words[i] = toBigInt(values[i] ?? 0)
  return { address, words }
}
