import type { TypeId } from '../types.ts'
import { type Dump, enter } from './dump.ts'

/**
 * The 64-bit numbers that bpftool orders types of equal names by (bpftool btf.c:
 * btf_type_disambig_hash): of names alone, so that they stay the same from kernel to kernel.
 */
export function createTypeHash(dump: Dump): (id: TypeId) => bigint {
  const known = { withMembers: new Map<TypeId, bigint>(), alone: new Map<TypeId, bigint>() }

  const hash = (id: TypeId, of: keyof typeof known, depth: number): bigint => {
    const before = known[of].get(id)
    if (before !== undefined) return before
    enter(dump, depth)
    const result = hashOf(id, of, depth + 1)
    known[of].set(id, result)
    return result
  }

  const { table } = dump.btf

  const hashOf = (id: TypeId, of: keyof typeof known, depth: number): bigint => {
    const own = addName(0n, table.name(id))
    switch (table.kind(id)) {
      case 'enum':
      case 'enum64':
        return table.values(id).reduce((sum, { name }) => addName(sum, name), own)
      case 'struct':
      case 'union':
        if (of === 'alone') return own
        return table
          .members(id)
          .reduce(
            (sum, member) => add(addName(sum, member.name), hash(member.type, 'alone', depth)),
            own,
          )
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        return add(own, hash(table.target(id), of, depth))
      case 'array':
        return add(add(own, BigInt(table.elements(id))), hash(table.element(id), of, depth))
      default:
        return own
    }
  }

  return (id) => hash(id, 'withMembers', 0)
}

function add(hash: bigint, value: bigint): bigint {
  return BigInt.asUintN(64, hash * 31n + value)
}

function addName(hash: bigint, name: string): bigint {
  return name ? add(hash, stringHash(name)) : hash
}

/** libbpf's str_hash in two halves of 32 bits: 64-bit bigints are slow by the character. */
function stringHash(text: string): bigint {
  let high = 0
  let low = 0
  // Most names are ASCII.
  const bytes = isAscii.test(text) ? undefined : Buffer.from(text)
  const length = bytes?.length ?? text.length
  for (let i = 0; i < length; i++) {
    const byte = bytes ? (bytes[i] ?? 0) : text.charCodeAt(i)
    // A char is signed where bpftool runs.
    const sum = low * 31 + ((byte << 24) >> 24)
    low = sum >>> 0
    high = (high * 31 + Math.floor(sum / 2 ** 32)) >>> 0
  }
  return (BigInt(high) << 32n) | BigInt(low)
}

const isAscii = /^[\0-\x7f]*$/u
