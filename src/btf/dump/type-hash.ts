import { typeAt } from '../btf.ts'
import type { BtfType, TypeId } from '../types.ts'
import { ascend, descend, type Dump } from './dump.ts'

/**
 * The 64-bit number that bpftool orders types of equal names by (bpftool btf.c:
 * btf_type_disambig_hash): of names alone, so that it stays the same from kernel to kernel.
 */
export function typeHash(dump: Dump, id: TypeId, withMembers: boolean): bigint {
  descend(dump)
  const hash = hashOf(dump, typeAt(dump.btf, id), withMembers)
  ascend(dump)
  return hash
}

function hashOf(dump: Dump, type: BtfType, withMembers: boolean): bigint {
  const hash = addName(0n, type.name)
  switch (type.kind) {
    case 'enum':
    case 'enum64':
      return type.values.reduce((hash, { name }) => addName(hash, name), hash)
    case 'struct':
    case 'union':
      if (!withMembers) return hash
      return type.members.reduce(
        (hash, member) => add(addName(hash, member.name), typeHash(dump, member.type, false)),
        hash,
      )
    case 'pointer':
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
    case 'decl_tag':
      return add(hash, typeHash(dump, type.target, withMembers))
    case 'array':
      return add(add(hash, BigInt(type.length)), typeHash(dump, type.element, withMembers))
    default:
      return hash
  }
}

function add(hash: bigint, value: bigint): bigint {
  return BigInt.asUintN(64, hash * 31n + value)
}

function addName(hash: bigint, name: string): bigint {
  return name ? add(hash, stringHash(name)) : hash
}

const utf8 = new TextEncoder()

/** libbpf's str_hash in two halves of 32 bits: 64-bit bigints are slow by the character. */
function stringHash(text: string): bigint {
  let high = 0
  let low = 0
  for (const byte of utf8.encode(text)) {
    // A char is signed where bpftool runs.
    const sum = low * 31 + ((byte << 24) >> 24)
    low = sum >>> 0
    high = (high * 31 + Math.floor(sum / 2 ** 32)) >>> 0
  }
  return (BigInt(high) << 32n) | BigInt(low)
}
