import { FormatError } from '../elf/format-error.ts'
import { typeAt, type Btf } from './btf.ts'
import { MAX_DEPTH } from './depth.ts'
import type { Struct, TypeId, Union } from './types.ts'

const MAX_SIZE = 0xffff_ffff

/**
 * Bytes that a value of the type takes, as libbpf's btf__resolve_size. Throws FormatError for what has
 * no size (void, functions, forward declarations), for cycles, and past 4 GiB.
 */
export function sizeOf(btf: Btf, id: TypeId): number {
  const size = knownSize(btf, id)
  if (size === undefined) {
    throw new FormatError('BTF', 0, `type ${id} has no size: ${typeAt(btf, id).kind}`)
  }
  return size
}

/** As `sizeOf`, but undefined for a type that has no size. */
export function knownSize(btf: Btf, id: TypeId): number | undefined {
  let count = 1
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    const type = typeAt(btf, at)
    switch (type.kind) {
      case 'int':
      case 'float':
      case 'enum':
      case 'enum64':
      case 'struct':
      case 'union':
      case 'datasec':
        return total(id, count, type.size)
      case 'pointer':
        return total(id, count, pointerSize(btf))
      case 'array':
        count = total(id, count, type.length)
        at = type.element
        break
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
      case 'var':
        at = type.target
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

/** Bytes of a pointer: 8, but for the BTF of a 32-bit kernel. */
export function pointerSize(btf: Btf): 4 | 8 {
  return btf.pointerSize ?? btf.base?.pointerSize ?? 8
}

const alignments = new WeakMap<Btf, Map<TypeId, number>>()

/**
 * Bytes to whose multiples a value of the type is aligned, as libbpf's btf__align_of: found from the
 * members, 1 when their places show that the struct is packed, 0 for what has no alignment.
 */
export function alignOf(btf: Btf, id: TypeId): number {
  return align(btf, id, 0)
}

function align(btf: Btf, id: TypeId, depth: number): number {
  if (depth > MAX_DEPTH) {
    throw new FormatError('BTF', 0, `type ${id} contains itself, or nests deeper than ${MAX_DEPTH}`)
  }
  const type = typeAt(btf, id)
  switch (type.kind) {
    case 'int':
    case 'float':
    case 'enum':
    case 'enum64':
      return Math.min(pointerSize(btf), type.size)
    case 'pointer':
      return pointerSize(btf)
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
      return align(btf, type.target, depth + 1)
    case 'array':
      return align(btf, type.element, depth + 1)
    case 'struct':
    case 'union': {
      let known = alignments.get(btf)
      if (!known) alignments.set(btf, (known = new Map()))
      let result = known.get(id)
      if (result === undefined) known.set(id, (result = alignOfMembers(btf, type, depth)))
      return result
    }
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

function alignOfMembers(btf: Btf, type: Struct | Union, depth: number): number {
  let largest = 1
  for (const member of type.members) {
    const own = align(btf, member.type, depth + 1)
    if (own === 0) return 0
    if (member.bitSize === 0 && member.bitOffset % (8 * own) !== 0) return 1
    largest = Math.max(largest, own)
  }
  return type.size % largest === 0 ? largest : 1
}

/** Whether C needs `packed` to lay the struct out as it is; it may have been written where it is idle. */
export function isPacked(btf: Btf, type: Struct): boolean {
  let largest = 1
  for (const member of type.members) {
    const own = alignOf(btf, member.type)
    if (own > 0 && member.bitSize === 0 && member.bitOffset % (8 * own) !== 0) return true
    largest = Math.max(largest, own)
  }
  return type.size % largest !== 0
}
