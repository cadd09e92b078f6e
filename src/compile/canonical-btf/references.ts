import { FormatError } from '../../elf/format-error.ts'
import { btf_ext_header, btf_ext_info_sec, EXT_RECORDS } from '../../uapi/btf-ext.ts'
import { type Kind, kindNumber, KINDS, RECORD_WORDS, vlen } from '../../uapi/btf.ts'

/** A 32-bit word of .BTF or .BTF.ext that can be read and replaced. Objects have thousands of them. */
export class BtfWord {
  readonly #view: DataView
  readonly #offset: number
  readonly #littleEndian: boolean

  constructor(view: DataView, offset: number, littleEndian: boolean) {
    this.#view = view
    this.#offset = offset
    this.#littleEndian = littleEndian
  }

  get(): number {
    return this.#view.getUint32(this.#offset, this.#littleEndian)
  }

  set(value: number): void {
    this.#view.setUint32(this.#offset, value, this.#littleEndian)
  }
}

export interface TypeRecord {
  readonly name: BtfWord
  readonly info: BtfWord
  readonly kind: Kind
  /** The id of the type that a PTR, TYPEDEF, TYPE_TAG or the like refers to. */
  readonly type: BtfWord | undefined
  /** The record's offset, in bytes from the start of the type section. */
  readonly start: number
  readonly size: number
}

/** The words of .BTF and .BTF.ext that refer to types and strings, and change when those move. */
export interface BtfReferences {
  /** Indexed by type id - 1. */
  readonly records: readonly TypeRecord[]
  readonly typeIds: readonly BtfWord[]
  readonly nameOffsets: readonly BtfWord[]
}

/** Reads the references in the type section of an object's .BTF, and in its .BTF.ext, as clang writes them. */
export function readBtfReferences(
  typeSection: Uint8Array,
  extSection: Uint8Array | undefined,
  littleEndian: boolean,
): BtfReferences {
  const types = viewOf(typeSection)
  const ext = extSection && viewOf(extSection)
  const records: TypeRecord[] = []
  const typeIds: BtfWord[] = []
  const strings: BtfWord[] = []
  const word = (view: DataView, offset: number): BtfWord => new BtfWord(view, offset, littleEndian)
  const collect = (view: DataView, offset: number, shape: string): number => {
    for (let index = 0; index < shape.length; index++) {
      if (shape[index] === 't') typeIds.push(word(view, offset + index * 4))
      if (shape[index] === 'n') strings.push(word(view, offset + index * 4))
    }
    return offset + shape.length * 4
  }

  for (let at = 0; at < types.byteLength;) {
    const start = at
    const info = word(types, at + 4)
    const number = kindNumber(info.get())
    const [kind, shape] = [KINDS[number], RECORD_WORDS[number]]
    if (!kind || !shape) throw new FormatError('BTF', start, `unknown kind ${number}`)
    at = collect(types, at, 'n.')
    const firstTypeId = typeIds.length
    at = collect(types, at, shape.fields)
    const type = shape.fields.startsWith('t') ? typeIds[firstTypeId] : undefined
    for (let left = shape.item === '' ? 0 : vlen(info.get()); left > 0; left--) {
      at = collect(types, at, shape.item)
    }
    records.push({ name: word(types, start), info, kind, type, start, size: at - start })
  }

  if (ext) {
    const header = ext.getUint32(btf_ext_header.hdr_len, littleEndian)
    for (const [index, shape] of EXT_RECORDS.entries()) {
      // Each table's offset and length follow those of the one before.
      const table = btf_ext_header.func_info_off + index * 8
      if (table >= header) break
      let at = header + ext.getUint32(table, littleEndian)
      const end = at + ext.getUint32(table + 4, littleEndian)
      if (at === end) continue
      const recordSize = ext.getUint32(at, littleEndian)
      at += 4
      while (at < end) {
        const count = ext.getUint32(at + btf_ext_info_sec.num_info, littleEndian)
        at = collect(ext, at, 'n.')
        for (let left = count; left > 0; left--, at += recordSize) collect(ext, at, shape)
      }
    }
  }
  return { records, typeIds, nameOffsets: strings }
}

const viewOf = ({ buffer, byteLength, byteOffset }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength)
