import { unsupported } from '../host/error.ts'
import { readFile, readFolder } from '../host/files.ts'

/** linux/btf.h: BTF_KIND_, as far as they are asked for. */
export const BTF_KIND = {
  void: 0,
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  variable: 14,
  section: 15,
  float: 16,
  declarationTag: 17,
  typeTag: 18,
  enum64: 19,
} as const

/** Bytes behind struct btf_type by kind: for each of its members, and once. */
const memberSizes: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 }
const tailSizes: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 }
const typeSize = 12

/** One of the kernel's or of a module's types. */
export interface BtfType {
  readonly kind: number
  readonly name: string
  /** What it points to, is named after, returns. Sizes of structs stand in the same place. */
  readonly type: number
  /** Of members, parameters, constants. */
  readonly length: number
  /** kind_flag: of a forward declaration, that it is a union's. */
  readonly flag: boolean
  /** Where its members are. */
  readonly at: number
}

/**
 * The types of the running kernel (/sys/kernel/btf), as far as probes look at them. Ids of a module's go on where the
 * kernel's end, and so do the offsets of its strings (Documentation/bpf/btf.rst).
 */
export class KernelBtf {
  readonly data: DataView
  /** Behind the last id. */
  readonly end: number
  readonly #bytes: Buffer
  readonly #base: KernelBtf | undefined
  readonly #first: number
  readonly #places: readonly number[]
  readonly #strings: number
  readonly #stringsStart: number
  readonly #stringsEnd: number

  constructor(bytes: Buffer, base?: KernelBtf) {
    this.#bytes = bytes
    this.#base = base
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    // struct btf_header: magic, version, flags, hdr_len; offsets and sizes of types and strings, from its end.
    const word = (at: number): number => this.data.getUint32(at, true)
    const header = word(4)
    this.#strings = header + word(16)
    this.#first = base?.end ?? 1
    this.#stringsStart = base ? base.#stringsEnd : 0
    this.#stringsEnd = this.#stringsStart + word(20)
    const places: number[] = []
    const typesEnd = header + word(8) + word(12)
    for (let at = header + word(8); at < typesEnd;) {
      places.push(at)
      const info = word(at + 4)
      const kind = (info >> 24) & 0x1f
      at += typeSize + (tailSizes[kind] ?? 0) + (info & 0xffff) * (memberSizes[kind] ?? 0)
    }
    this.#places = places
    this.end = this.#first + places.length
  }

  type(id: number): BtfType {
    const { data, at } = this.#place(id)
    const info = data.getUint32(at + 4, true)
    return {
      kind: (info >> 24) & 0x1f,
      name: this.string(data.getUint32(at, true)),
      type: data.getUint32(at + 8, true),
      length: info & 0xffff,
      flag: info >>> 31 === 1,
      at: at + typeSize,
    }
  }

  /** The words of one member, or of what follows a type. */
  words(id: number, index = 0): [number, number, number] {
    const { data, at } = this.#place(id)
    const kind = (data.getUint32(at + 4, true) >> 24) & 0x1f
    const start = at + typeSize + index * (memberSizes[kind] ?? 0)
    const word = (offset: number): number =>
      start + offset + 4 <= data.byteLength ? data.getUint32(start + offset, true) : 0
    return [word(0), word(4), word(8)]
  }

  string(offset: number): string {
    if (this.#base && offset < this.#stringsStart) return this.#base.string(offset)
    const start = this.#strings + offset - this.#stringsStart
    return this.#bytes.toString('utf8', start, this.#bytes.indexOf(0, start))
  }

  /** Ids of its own types, without the base's, with a name and of a kind. */
  *find(name: string, kind: number): Generator<number> {
    const offset = this.#stringOffset(name)
    if (offset === undefined) return
    for (const [index, at] of this.#places.entries()) {
      if (this.data.getUint32(at, true) !== offset) continue
      if (((this.data.getUint32(at + 4, true) >> 24) & 0x1f) === kind) yield this.#first + index
    }
  }

  /** Where a name is among the strings, of the base or its own: each is there once. */
  #stringOffset(name: string): number | undefined {
    const inBase = this.#base && this.#base.#stringOffset(name)
    if (inBase !== undefined) return inBase
    // The strings begin with an empty one.
    const start = this.#strings
    const end = start + this.#stringsEnd - this.#stringsStart
    const found = this.#bytes.indexOf(`\0${name}\0`, Math.max(0, start - 1))
    if (name === '' || found < 0 || found >= end) return undefined
    return found + 1 - start + this.#stringsStart
  }

  #place(id: number): { data: DataView; at: number } {
    if (this.#base && id < this.#first) return this.#base.#place(id)
    const at = this.#places[id - this.#first]
    if (at === undefined) throw new RangeError(`BTF of the kernel has no type ${id}`)
    return { data: this.data, at }
  }
}

const folder = '/sys/kernel/btf'
let cached: KernelBtf | undefined

/**
 * Kept for a second: several probes in a row read the 5 MB once.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` of a kernel without BTF
 */
export function kernelBtf(operation: string, object: string): KernelBtf {
  if (cached) return cached
  let bytes: Buffer
  try {
    bytes = readFile(`${folder}/vmlinux`)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw unsupported(
      operation,
      object,
      `this kernel has no BTF: no ${folder}/vmlinux`,
      'It must be built with CONFIG_DEBUG_INFO_BTF=y.',
    )
  }
  cached = new KernelBtf(bytes)
  setTimeout(() => (cached = undefined), 1000).unref()
  return cached
}

/** The kernel's types, then each module's. */
export function* everyBtf(operation: string, object: string): Generator<KernelBtf> {
  const kernel = kernelBtf(operation, object)
  yield kernel
  for (const module of readFolder(folder)) {
    if (module !== 'vmlinux') yield new KernelBtf(readFile(`${folder}/${module}`), kernel)
  }
}
