import type { TypeId } from '../types.ts'
import { type Dump, enter } from './dump.ts'

/** A number of 64 bits in halves of 32: in V8 a bigint takes many times longer. */
export interface Hash {
  readonly high: number
  readonly low: number
}

const ZERO: Hash = { high: 0, low: 0 }

/**
 * The numbers that bpftool orders types of equal names by (bpftool btf.c: btf_type_disambig_hash): of
 * names alone, so that they stay the same from kernel to kernel.
 */
export function createTypeHash(dump: Dump): (id: TypeId) => Hash {
  const { table } = dump.btf
  const known = { withMembers: new Map<TypeId, Hash>(), alone: new Map<TypeId, Hash>() }

  const hash = (id: TypeId, of: keyof typeof known, depth: number): Hash => {
    const before = known[of].get(id)
    if (before !== undefined) return before
    enter(dump, depth)
    const result = hashOf(id, of, depth + 1)
    known[of].set(id, result)
    return result
  }

  const hashOf = (id: TypeId, of: keyof typeof known, depth: number): Hash => {
    const own = addName(ZERO, table.name(id))
    switch (table.kind(id)) {
      case 'enum':
      case 'enum64':
        return table.values(id).reduce((sum, { name }) => addName(sum, name), own)
      case 'struct':
      case 'union':
        if (of === 'alone') return own
        return table
          .members(id)
          .reduce((sum, { name, type }) => add(addName(sum, name), hash(type, 'alone', depth)), own)
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        return add(own, hash(table.target(id), of, depth))
      case 'array': {
        const length = add(own, { high: 0, low: table.elements(id) })
        return add(length, hash(table.element(id), of, depth))
      }
      default:
        return own
    }
  }

  return (id) => hash(id, 'withMembers', 0)
}

function add({ high, low }: Hash, value: Hash): Hash {
  const sum = low * 31 + value.low
  return { high: (high * 31 + value.high + Math.floor(sum / 2 ** 32)) >>> 0, low: sum >>> 0 }
}

function addName(hash: Hash, name: string): Hash {
  return name ? add(hash, stringHash(name)) : hash
}

/** libbpf's str_hash. */
function stringHash(text: string): Hash {
  let high = 0
  let low = 0
  for (let i = 0; i < text.length; i++) {
    const byte = text.charCodeAt(i)
    // Nearly all names are ASCII, and of its characters each is a byte.
    if (byte > 0x7f) return bytesHash(Buffer.from(text))
    const sum = low * 31 + byte
    low = sum >>> 0
    high = (high * 31 + Math.floor(sum / 2 ** 32)) >>> 0
  }
  return { high, low }
}

/** A char is signed where bpftool runs. */
function bytesHash(bytes: Uint8Array): Hash {
  let hash = ZERO
  for (const byte of new Int8Array(bytes)) {
    hash = add(hash, { high: byte < 0 ? 0xffffffff : 0, low: byte >>> 0 })
  }
  return hash
}
