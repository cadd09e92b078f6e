import { btf_header } from '../../uapi/btf-header.ts'
import { type Kind, kindFlag, kindNumber, KINDS, RECORD_WORDS, vlen } from '../../uapi/btf.ts'
import { unsupported } from '../host/error.ts'
import { readFile, readFolder } from '../host/files.ts'

/** Bytes of name and info, which every record starts with, and of the whole struct btf_type. */
const [commonSize, typeSize] = [8, 12]

/** A type of the kernel or of a module. */
export interface BtfType {
  readonly kind: Kind
  readonly name: string
  /** The `type` or `size` of struct btf_type: what it points to, names or returns; bytes of a struct. */
  readonly type: number
  /** The number of members, parameters or constants (vlen). */
  readonly itemCount: number
  /** kind_flag: whether a forward declaration is a union's. */
  readonly kindFlag: boolean
  /** The offset of the items in the BTF. */
  readonly itemsOffset: number
}

/**
 * The types of the running kernel (/sys/kernel/btf), as far as probes need them. The type ids and string offsets of a
 * module continue those of the kernel (Documentation/bpf/btf.rst).
 */
export class KernelBtf {
  readonly data: DataView
  /** One more than the last type id. */
  readonly nextId: number
  readonly #bytes: Buffer
  readonly #base: KernelBtf | undefined
  readonly #firstId: number
  readonly #offsets: readonly number[]
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
    this.#firstId = base?.nextId ?? 1
    this.#stringsStart = base ? base.#stringsEnd : 0
    this.#stringsEnd = this.#stringsStart + word(btf_header.str_len)
    const offsets: number[] = []
    const types = header + word(btf_header.type_off)
    const typesEnd = types + word(btf_header.type_len)
    for (let at = types; at < typesEnd;) {
      offsets.push(at)
      const info = word(at + 4)
      const number = kindNumber(info)
      const shape = RECORD_WORDS[number]
      if (!shape) {
        throw unsupported(
          'read the types of',
          'this kernel',
          `its BTF has types of kind ${number}, which this unplugin-bpf does not know`,
          'Try a newer version of unplugin-bpf',
        )
      }
      at += commonSize + 4 * (shape.fields.length + vlen(info) * shape.item.length)
    }
    this.#offsets = offsets
    this.nextId = this.#firstId + offsets.length
  }

  type(id: number): BtfType {
    const { data, at } = this.#record(id)
    const info = data.getUint32(at + 4, true)
    return {
      kind: kindOf(info),
      name: this.string(data.getUint32(at, true)),
      type: data.getUint32(at + 8, true),
      itemCount: vlen(info),
      kindFlag: kindFlag(info),
      itemsOffset: at + typeSize,
    }
  }

  /** The words of one item, such as a member; or, without an index, those that follow the type. */
  words(id: number, index = 0): [number, number, number] {
    const { data, at } = this.#record(id)
    const itemLength = RECORD_WORDS[kindNumber(data.getUint32(at + 4, true))]?.item.length ?? 0
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

  /** Finds the ids of types of a name and kind, without those of the base. */
  *find(name: string, kind: Kind): Generator<number> {
    const offset = this.#stringOffset(name)
    if (offset === undefined) return
    for (const [index, at] of this.#offsets.entries()) {
      if (this.data.getUint32(at, true) !== offset) continue
      if (kindOf(this.data.getUint32(at + 4, true)) === kind) yield this.#firstId + index
    }
  }

  /** The offset of a name in the strings of the base or of this BTF, where it is once. */
  #stringOffset(name: string): number | undefined {
    const inBase = this.#base && this.#base.#stringOffset(name)
    if (inBase !== undefined) return inBase
    // The empty string comes first.
    const start = this.#strings
    const end = start + this.#stringsEnd - this.#stringsStart
    const found = this.#bytes.indexOf(`\0${name}\0`, Math.max(0, start - 1))
    if (name === '' || found < 0 || found >= end) return undefined
    return found + 1 - start + this.#stringsStart
  }

  #record(id: number): { data: DataView; at: number } {
    if (this.#base && id < this.#firstId) return this.#base.#record(id)
    const at = this.#offsets[id - this.#firstId]
    if (at === undefined) throw new RangeError(`BTF of the kernel has no type ${id}`)
    return { data: this.data, at }
  }
}

function kindOf(info: number): Kind {
  return KINDS[kindNumber(info)] ?? 'void'
}

const btfFolder = '/sys/kernel/btf'
let cached: KernelBtf | undefined

/**
 * Returns the kernel's types, which are cached for a second: several probes in a row read the 5 MB once.
 * @throws {BpfError} `ERR_BPF_UNSUPPORTED` on a kernel without BTF
 */
export function kernelBtf(operation: string, object: string): KernelBtf {
  if (cached) return cached
  let bytes: Buffer
  try {
    bytes = readFile(`${btfFolder}/vmlinux`)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause
    throw unsupported(
      operation,
      object,
      `this kernel has no BTF (there is no ${btfFolder}/vmlinux)`,
      'Use a kernel that is built with CONFIG_DEBUG_INFO_BTF=y',
    )
  }
  cached = new KernelBtf(bytes)
  setTimeout(() => (cached = undefined), 1000).unref()
  return cached
}

/** Yields the kernel's types, then each module's. */
export function* everyBtf(operation: string, object: string): Generator<KernelBtf> {
  const kernel = kernelBtf(operation, object)
  yield kernel
  for (const module of readFolder(btfFolder)) {
    if (module !== 'vmlinux') yield new KernelBtf(readFile(`${btfFolder}/${module}`), kernel)
  }
}
