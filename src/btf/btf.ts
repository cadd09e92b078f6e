import type { Elf } from '../elf/elf.ts'
import { FormatError } from '../elf/format-error.ts'
import { readHeader } from './header.ts'
import { guessPointerSize } from './pointer-size.ts'
import { readTypes } from './read-types.ts'
import { readStrings, type BtfStrings } from './strings.ts'
import type { BtfType, TypeId } from './types.ts'

export interface Btf {
  /** By type id: [0] is void, then those of `base`, then this BTF's own. */
  readonly types: readonly BtfType[]
  readonly littleEndian: boolean
  /** Bytes of a pointer, where the BTF tells; else 8. */
  readonly pointerSize?: 4 | 8
  /** Of split BTF (a kernel module's): what its first ids refer to. */
  readonly base?: Btf
  /** What .BTF.ext refers to. Absent in a graph that was not read from BTF. */
  readonly strings?: BtfStrings
}

export interface ReadOptions {
  /** The BTF that this one continues: vmlinux's for a kernel module's. */
  readonly base?: Btf | undefined
}

/**
 * Reads raw BTF of either byte order. Afterwards every type id and every string of the graph is known
 * to exist; sizes, cycles and what a kind may refer to are for the functions that follow them.
 * Throws FormatError.
 */
export function readBtf(bytes: Uint8Array, { base }: ReadOptions = {}): Btf {
  const header = readHeader(bytes)
  const strings = readStrings(bytes, header, base?.strings)
  const types = readTypes(bytes, header, strings, base?.types ?? [{ kind: 'void', name: '' }])
  const pointerSize = base?.pointerSize ?? guessPointerSize(types)
  return {
    types,
    littleEndian: header.littleEndian,
    strings,
    ...(pointerSize && { pointerSize }),
    ...(base && { base }),
  }
}

/** The BTF in a 64-bit ELF file's .BTF section, undefined when it has none. Throws FormatError. */
export function readBtfOf(elf: Elf, options?: ReadOptions): Btf | undefined {
  const section = elf.sections.find(({ name }) => name === '.BTF')
  return section && { ...readBtf(section.data, options), pointerSize: 8 }
}

/** Throws FormatError when there is no such type. */
export function typeAt(btf: Btf, id: TypeId): BtfType {
  const type = btf.types[id]
  if (!type) {
    throw new FormatError(
      'BTF',
      0,
      `there is no type ${id}, the last one is ${btf.types.length - 1}`,
    )
  }
  return type
}
