import { koffi } from './ffi/koffi.ts'
import { calloc, munmap, strnlen } from './ffi/libc.ts'
import { libbpfAsync } from './ffi/library.ts'
import { reserve } from './ffi/mapping.ts'
import type { Scratch } from './ffi/memory.ts'
import { cString, getPointer, readString, scratch, scratchOf, setPointer } from './ffi/memory.ts'
import {
  bpf_object__attach_skeleton,
  bpf_object__destroy_skeleton,
  bpf_object__load_skeleton,
  bpf_object__open_skeleton,
  bpf_program__set_log_buf,
} from './ffi/object.ts'
import type { NativeOptions } from './open-options.ts'

/** Bytes of libbpf.h's structs, and offsets in them. */
const skeletonSize = 72
const programCountOffset = 56
const programsOffset = 64
const mapCountOffset = 40
/** With the link slot of libbpf 1.5; older ones walk by the stride and do not look at it. */
const mapEntrySize = 32
const programEntrySize = 24

/**
 * A buffer too small for the log makes the kernel say ENOSPC instead of why. A million instructions' is some 100 MB;
 * pages that none is written to cost nothing. The kernel takes at most 1 GiB.
 */
const logSize = 256 << 20

const calledAside = (): ((address: number) => Promise<number>) => {
  const load = libbpfAsync('int bpf_object__load_skeleton(ptr)')
  return (address) =>
    new Promise((resolve, reject) => {
      load(address, (error, result) => (error ? reject(error as Error) : resolve(result)))
    })
}

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
  readonly #address: number
  readonly #struct: DataView
  /** `struct bpf_object *`, then a map and its memory each, then a program and a link each. */
  readonly #slots: Scratch
  readonly #maps: number
  readonly #programs: number
  readonly #entries: { readonly maps: number; readonly programs: number }
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
    const text = (value: string): number => this.#hold(cString(value)).address
    const data = this.#hold(scratchOf(object))
    // destroy_skeleton frees all three with free(3).
    this.#address = calloc(1, skeletonSize)
    this.#entries = {
      maps: calloc(Math.max(1, maps.length), mapEntrySize),
      programs: calloc(Math.max(1, programs.length), programEntrySize),
    }
    const struct = view(this.#address, skeletonSize)
    this.#struct = struct
    struct.setBigUint64(0, BigInt(skeletonSize), true)
    setPointer(struct, 8, text(name))
    setPointer(struct, 16, data.address)
    struct.setBigUint64(24, BigInt(object.byteLength), true)
    setPointer(struct, 32, this.#slot(0))
    struct.setInt32(mapCountOffset, maps.length, true)
    struct.setInt32(44, mapEntrySize, true)
    setPointer(struct, 48, this.#entries.maps)
    struct.setInt32(programCountOffset, programs.length, true)
    struct.setInt32(60, programEntrySize, true)
    setPointer(struct, programsOffset, this.#entries.programs)

    const mapEntries = view(this.#entries.maps, maps.length * mapEntrySize)
    for (const [index, map] of maps.entries()) {
      const at = index * mapEntrySize
      setPointer(mapEntries, at, text(map.name))
      setPointer(mapEntries, at + 8, this.#slot(this.#mapSlot(index)))
      // Sections are mapped from the map's descriptor (sections/data.ts), since libbpf 1.1 and 1.8 differ in when they
      // map a reused one. Links of maps are made one by one.
      if (map.isArena) setPointer(mapEntries, at + 16, this.#slot(this.#mapSlot(index) + 1))
    }
    const programEntries = view(this.#entries.programs, programs.length * programEntrySize)
    for (const [index, program] of programs.entries()) {
      const at = index * programEntrySize
      setPointer(programEntries, at, text(program))
      setPointer(programEntries, at + 8, this.#slot(this.#programSlot(index)))
      setPointer(programEntries, at + 16, this.#slot(this.#programSlot(index) + 1))
    }
  }

  open(options: NativeOptions): number {
    this.#held.push(...options.held)
    const result = bpf_object__open_skeleton(this.#address, options.address)
    if (result === 0) this.#giveLogBuffers()
    return result
  }

  load(): number {
    return bpf_object__load_skeleton(this.#address)
  }

  /** The same on a thread of its own: the verifier may take seconds. */
  loadAside(): Promise<number> {
    return calledAside()(this.#address)
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
    this.#struct.setInt32(mapCountOffset, 0, true)
    this.#struct.setInt32(programCountOffset, 1, true)
    setPointer(this.#struct, programsOffset, this.#entries.programs + index * programEntrySize)
    const result = bpf_object__attach_skeleton(this.#address)
    this.#struct.setInt32(mapCountOffset, this.#maps, true)
    this.#struct.setInt32(programCountOffset, this.#programs, true)
    setPointer(this.#struct, programsOffset, this.#entries.programs)
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
    bpf_object__destroy_skeleton(this.#address)
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

  #hold(memory: Scratch): Scratch {
    this.#held.push(memory)
    return memory
  }

  #mapSlot(index: number): number {
    return 1 + 2 * index
  }

  #programSlot(index: number): number {
    return 1 + 2 * this.#maps + 2 * index
  }

  #slot(index: number): number {
    return this.#slots.address + 8 * index
  }
}

/** Never reaches a user, and is not used after free. */
function view(address: number, length: number): DataView {
  return new DataView(koffi().view(BigInt(address), Math.max(1, length)))
}
