import { btf_header } from '../../uapi/btf-header.ts'
import { type Kind, kindFlag, kindNumber, KINDS, SHAPES, vlen } from '../../uapi/btf.ts'
import { unsupported } from '../host/error.ts'
import { readFile, readFolder } from '../host/files.ts'

/** Bytes of the words that every record starts with, and of all of struct btf_type. */
const [commonSize, typeSize] = [8, 12]

/** One of the kernel's or of a module's types. */
export interface BtfType {
  readonly kind: Kind
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
    const word = (at: number): number => this.data.getUint32(at, true)
    const header = word(btf_header.hdr_len)
    this.#strings = header + word(btf_header.str_off)
    this.#first = base?.end ?? 1
    this.#stringsStart = base ? base.#stringsEnd : 0
    this.#stringsEnd = this.#stringsStart + word(btf_header.str_len)
    const places: number[] = []
    const types = header + word(btf_header.type_off)
    const typesEnd = types + word(btf_header.type_len)
    for (let at = types; at < typesEnd;) {
      places.push(at)
      const info = word(at + 4)
      const number = kindNumber(info)
      const shape = SHAPES[number]
      if (!shape) {
        throw unsupported(
          'read the types of',
          'this kernel',
          `its BTF has types of kind ${number}, which this unplugin-bpf does not know`,
          'A newer version of unplugin-bpf may.',
        )
      }
      at += commonSize + 4 * (shape.own.length + vlen(info) * shape.item.length)
    }
    this.#places = places
    this.end = this.#first + places.length
  }

  type(id: number): BtfType {
    const { data, at } = this.#place(id)
    const info = data.getUint32(at + 4, true)
    return {
      kind: kindOf(info),
      name: this.string(data.getUint32(at, true)),
      type: data.getUint32(at + 8, true),
      length: vlen(info),
      flag: kindFlag(info),
      at: at + typeSize,
    }
  }

  /** The words of one member, or of what follows a type. */
  words(id: number, index = 0): [number, number, number] {
    const { data, at } = this.#place(id)
    const itemLength = SHAPES[kindNumber(data.getUint32(at + 4, true))]?.item.length ?? 0
    const start = at + typeSize + index * 4 * itemLength
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
  *find(name: string, kind: Kind): Generator<number> {
    const offset = this.#stringOffset(name)
    if (offset === undefined) return
    for (const [index, at] of this.#places.entries()) {
      if (this.data.getUint32(at, true) !== offset) continue
      if (kindOf(this.data.getUint32(at + 4, true)) === kind) yield this.#first + index
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

function kindOf(info: number): Kind {
  return KINDS[kindNumber(info)] ?? 'void'
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
