import { typeAt } from '../btf.ts'
import type { BtfType, TypeId } from '../types.ts'
import { ascend, descend, type Dump } from './dump.ts'

/**
 * The 64-bit numbers that bpftool orders types of equal names by (bpftool btf.c:
 * btf_type_disambig_hash): of names alone, so that they stay the same from kernel to kernel.
 */
export function createTypeHash(dump: Dump): (id: TypeId) => bigint {
  const known = { withMembers: new Map<TypeId, bigint>(), alone: new Map<TypeId, bigint>() }

  const hash = (id: TypeId, of: keyof typeof known): bigint => {
    const before = known[of].get(id)
    if (before !== undefined) return before
    descend(dump)
    const result = hashOf(typeAt(dump.btf, id), of)
    ascend(dump)
    known[of].set(id, result)
    return result
  }

  const hashOf = (type: BtfType, of: keyof typeof known): bigint => {
    const own = addName(0n, type.name)
    switch (type.kind) {
      case 'enum':
      case 'enum64':
        return type.values.reduce((sum, { name }) => addName(sum, name), own)
      case 'struct':
      case 'union':
        if (of === 'alone') return own
        return type.members.reduce(
          (sum, member) => add(addName(sum, member.name), hash(member.type, 'alone')),
          own,
        )
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        return add(own, hash(type.target, of))
      case 'array':
        return add(add(own, BigInt(type.length)), hash(type.element, of))
      default:
        return own
    }
  }

  return (id) => hash(id, 'withMembers')
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
