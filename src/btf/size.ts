import { FormatError } from '../elf/format-error.ts'
import type { RawBtf } from './btf.ts'
import { MAX_DEPTH } from './depth.ts'
import type { TypeId } from './types.ts'

const MAX_SIZE = 0xffff_ffff

/**
 * Returns the bytes of a value of the type, as libbpf's btf__resolve_size does. Throws FormatError for a type that has no
 * size (void, functions, forward declarations), for cycles, and past 4 GiB.
 */
export function sizeOf(btf: RawBtf, id: TypeId): number {
  const size = knownSize(btf, id)
  if (size === undefined) {
    throw new FormatError('BTF', 0, `type ${id} has no size: ${btf.table.kind(id)}`)
  }
  return size
}

/** Returns the bytes of a value of the type like `sizeOf`, but undefined for a type that has no size. */
export function knownSize(btf: RawBtf, id: TypeId): number | undefined {
  const { table } = btf
  let count = 1
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    switch (table.kind(at)) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'struct':
      case 'union':
      case 'datasec':
        return total(id, count, table.size(at))
      case 'pointer':
        return total(id, count, pointerSize(btf))
      case 'array':
        count = total(id, count, table.elements(at))
        at = table.element(at)
        break
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
      case 'var':
        at = table.target(at)
        break
      case 'void':
      case 'fwd':
      case 'func':
      case 'func_proto':
        return undefined
    }
  }
  throw new FormatError('BTF', 0, `type ${id} contains itself, or nests deeper than ${MAX_DEPTH}`)
}

function total(id: TypeId, count: number, size: number): number {
  if (count * size > MAX_SIZE) {
    throw new FormatError('BTF', 0, `type ${id} is larger than 4 GiB`)
  }
  return count * size
}

/** Returns the bytes of a pointer: 8, except in the BTF of a 32-bit kernel. */
export function pointerSize(btf: RawBtf): 4 | 8 {
  return btf.pointerSize ?? 8
}

/** Alignments of types. Each is computed once. */
export interface Alignments {
  /**
   * Returns a type's alignment in bytes, as libbpf's btf__align_of does: computed from the members, 1 when their offsets
   * show that the struct is packed, 0 for a type that has no alignment. Throws FormatError.
   */
  of(id: TypeId): number
  /** Returns whether C needs `packed` to lay the struct out as it is. The source may have it where it changes nothing. */
  isPacked(struct: TypeId): boolean
}

export function createAlignments(btf: RawBtf): Alignments {
  const { table } = btf
  /** By id: the alignment plus one (0 is not known yet), and PACKED. */
  const known = new Uint8Array(table.length)
  const PACKED = 0x80

  const find = (id: TypeId, depth: number): number => {
    const before = known[id]
    if (before) return (before & ~PACKED) - 1
    if (depth > MAX_DEPTH) {
      const reason = `type ${id} contains itself, or nests deeper than ${MAX_DEPTH}`
      throw new FormatError('BTF', 0, reason)
    }
    const alignment = ofKind(id, depth + 1)
    known[id] = (known[id] ?? 0) | (alignment + 1)
    return alignment
  }

  const ofKind = (id: TypeId, depth: number): number => {
    switch (table.kind(id)) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
        return Math.min(pointerSize(btf), table.size(id))
      case 'pointer':
        return pointerSize(btf)
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
        return find(table.target(id), depth)
      case 'array':
        return find(table.element(id), depth)
      case 'struct':
      case 'union':
        return ofMembers(id, depth)
      case 'void':
      case 'fwd':
      case 'func':
      case 'func_proto':
      case 'var':
      case 'datasec':
      case 'decl_tag':
        return 0
    }
  }

  const ofMembers = (id: TypeId, depth: number): number => {
    let largest = 1
    let isMisplaced = false
    let isUnknown = false
    const count = table.count(id)
    for (let i = 0; i < count; i++) {
      const alignment = find(table.memberType(id, i), depth)
      if (alignment > largest) largest = alignment
      if (alignment === 0) isUnknown ||= !isMisplaced
      else if (table.memberBitOffset(id, i) % (8 * alignment) !== 0) {
        isMisplaced ||= table.memberBitSize(id, i) === 0
      }
    }
    const isPacked = isMisplaced || table.size(id) % largest !== 0
    if (isPacked) known[id] = PACKED
    if (isUnknown) return 0
    return isPacked ? 1 : largest
  }

  return {
    of: (id) => find(id, 0),
    isPacked: (struct) => {
      find(struct, 0)
      return ((known[struct] ?? 0) & PACKED) !== 0
    },
  }
}
