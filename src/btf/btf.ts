import type { Elf } from '../elf/elf.ts'
import { readHeader } from './header.ts'
import { guessPointerSize } from './pointer-size.ts'
import { readTypes } from './read-types.ts'
import { readStrings, type BtfStrings } from './strings.ts'
import { throwNoType, type TypeTable } from './type-table.ts'
import type { BtfType, TypeId } from './types.ts'

/** A graph of types: read from BTF, or made from DWARF. */
export interface Btf {
  /** Types by id: void, then those of the base, then those of this BTF. */
  readonly types: readonly BtfType[]
  readonly littleEndian: boolean
  /** Bytes of a pointer; 8 when absent. */
  readonly pointerSize?: 4 | 8
}

/** A graph that was read from BTF. */
export interface RawBtf extends Btf {
  /** The types as they are written. `types` decodes all of them at its first use. */
  readonly table: TypeTable
  /** The BTF that split BTF (a kernel module's) continues. */
  readonly base?: RawBtf
  /** The strings, to which .BTF.ext refers too. */
  readonly strings: BtfStrings
}

export interface ReadOptions {
  /** The BTF that this one continues: vmlinux's for a kernel module's. */
  readonly base?: RawBtf | undefined
  /** Bytes of a pointer, when the file that holds the BTF tells. */
  readonly pointerSize?: 4 | 8
}

/**
 * Reads raw BTF of either byte order, and checks that every type id and every string in it exists. Sizes, cycles and what
 * a kind may refer to are left to the functions that follow them. Throws FormatError.
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

/** Reads the .BTF section of a 64-bit ELF file; undefined when it has none. Throws FormatError. */
export function readBtfOf(elf: Elf, options?: Pick<ReadOptions, 'base'>): RawBtf | undefined {
  const section = elf.sections.find(({ name }) => name === '.BTF')
  return section && readBtf(section.data, { ...options, pointerSize: 8 })
}

/** Returns a type. Throws FormatError when there is none of the id. */
export function typeAt(btf: Btf, id: TypeId): BtfType {
  return btf.types[id] ?? throwNoType(id, btf.types.length)
}
