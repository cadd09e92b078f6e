import type { TypeId } from '../types.ts'
import { type Dump, enter } from './dump.ts'

/** A 64-bit number as two halves: in V8 a bigint takes many times longer. */
export interface Hash {
  readonly high: number
  readonly low: number
}

const ZERO: Hash = { high: 0, low: 0 }

/**
 * Returns the hash by which bpftool orders types of equal names (bpftool btf.c: btf_type_disambig_hash). It is made of names
 * only, so that it stays the same from kernel to kernel.
 */
export function createTypeHash(dump: Dump): (id: TypeId) => Hash {
  const { table } = dump.btf
  const known = { withMembers: new Map<TypeId, Hash>(), alone: new Map<TypeId, Hash>() }

  const hash = (id: TypeId, scope: keyof typeof known, depth: number): Hash => {
    const before = known[scope].get(id)
    if (before !== undefined) return before
    enter(dump, depth)
    const result = hashOf(id, scope, depth + 1)
    known[scope].set(id, result)
    return result
  }

  const hashOf = (id: TypeId, scope: keyof typeof known, depth: number): Hash => {
    const nameHash = addName(ZERO, table.name(id))
    switch (table.kind(id)) {
      case 'enum':
      case 'enum64':
        return table.values(id).reduce((sum, { name }) => addName(sum, name), nameHash)
      case 'struct':
      case 'union':
        if (scope === 'alone') return nameHash
        return table
          .members(id)
          .reduce(
            (sum, { name, type }) => add(addName(sum, name), hash(type, 'alone', depth)),
            nameHash,
          )
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        return add(nameHash, hash(table.target(id), scope, depth))
      case 'array': {
        const length = add(nameHash, { high: 0, low: table.elements(id) })
        return add(length, hash(table.element(id), scope, depth))
      }
      default:
        return nameHash
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
    // Nearly all names are ASCII, whose characters are bytes.
    if (byte > 0x7f) return bytesHash(Buffer.from(text))
    const sum = low * 31 + byte
    low = sum >>> 0
    high = (high * 31 + Math.floor(sum / 2 ** 32)) >>> 0
  }
  return { high, low }
}

/** Hashes bytes as signed numbers, as char is where bpftool runs. */
function bytesHash(bytes: Uint8Array): Hash {
  let hash = ZERO
  for (const byte of new Int8Array(bytes)) {
    hash = add(hash, { high: byte < 0 ? 0xffffffff : 0, low: byte >>> 0 })
  }
  return hash
}
