import type { Elf } from '../elf/elf.ts'
import { readHeader } from './header.ts'
import { guessPointerSize } from './pointer-size.ts'
import { readTypes } from './read-types.ts'
import { readStrings, type BtfStrings } from './strings.ts'
import { noType, type TypeTable } from './type-table.ts'
import type { BtfType, TypeId } from './types.ts'

/** A graph of types, wherever it comes from. */
export interface Btf {
  /** By type id: [0] is void, then those of `base`, then this BTF's own. */
  readonly types: readonly BtfType[]
  readonly littleEndian: boolean
  /** Bytes of a pointer, where the BTF tells; else 8. */
  readonly pointerSize?: 4 | 8
}

/** One that was read from BTF. */
export interface RawBtf extends Btf {
  /** The same types as they are written: `types` decodes all of them when it is first asked for. */
  readonly table: TypeTable
  /** Of split BTF (a kernel module's): what its first ids refer to. */
  readonly base?: RawBtf
  /** What .BTF.ext refers to. */
  readonly strings: BtfStrings
}

export interface ReadOptions {
  /** The BTF that this one continues: vmlinux's for a kernel module's. */
  readonly base?: RawBtf | undefined
  /** Bytes, where the file that holds the BTF tells. */
  readonly pointerSize?: 4 | 8
}

/**
 * Reads raw BTF of either byte order. Afterwards every type id and every string of the graph is known
 * to exist; sizes, cycles and what a kind may refer to are for the functions that follow them.
 * Throws FormatError.
 */
export function readBtf(bytes: Uint8Array, { base, pointerSize }: ReadOptions = {}): RawBtf {
  const header = readHeader(bytes)
  const strings = readStrings(bytes, header, base?.strings)
  const table = readTypes(bytes, header, strings, base?.table)
  const size = pointerSize ?? base?.pointerSize ?? guessPointerSize(table)
  let types: readonly BtfType[] | undefined
  return {
    get types() {
      return (types ??= [...table.starts.keys()].map((id) => table.at(id)))
    },
    table,
    littleEndian: header.littleEndian,
    strings,
    ...(size && { pointerSize: size }),
    ...(base && { base }),
  }
}

/** The BTF in a 64-bit ELF file's .BTF section, undefined when it has none. Throws FormatError. */
export function readBtfOf(elf: Elf, options?: Pick<ReadOptions, 'base'>): RawBtf | undefined {
  const section = elf.sections.find(({ name }) => name === '.BTF')
  return section && readBtf(section.data, { ...options, pointerSize: 8 })
}

/** Throws FormatError when there is no such type. */
export function typeAt(btf: Btf, id: TypeId): BtfType {
  return btf.types[id] ?? noType(id, btf.types.length)
}
