import type { BtfType } from '../../src/btf/types.ts'
import { KINDS, LINKAGES } from '../../src/uapi/btf.ts'
import { btfBytes } from './btf-bytes.ts'

/** BTF of a graph: `types` by id, void first. */
export function encodeBtf(types: readonly BtfType[]): Uint8Array {
  const offsets = new Map([['', 0]])
  let strings = '\0'
  const string = (text: string): number => {
    const known = offsets.get(text)
    if (known !== undefined) return known
    const offset = Buffer.byteLength(strings)
    offsets.set(text, offset)
    strings += `${text}\0`
    return offset
  }
  const records = types.slice(1).map((type) => {
    const { words, count = 0, flag = false } = contents(type, string)
    const info = ((KINDS.indexOf(type.kind) << 24) | count | (flag ? 2 ** 31 : 0)) >>> 0
    return [string(type.name), info, ...words].map((word) => word >>> 0)
  })
  return btfBytes(records, strings)
}

interface Contents {
  readonly words: readonly number[]
  readonly count?: number
  readonly flag?: boolean
}

function contents(type: BtfType, string: (text: string) => number): Contents {
  switch (type.kind) {
    case 'void':
      throw new Error('only type 0 is void')
    case 'int': {
      const { signed, char, bool, bitOffset, bits } = type
      const encoding = (Number(signed) << 24) | (Number(char) << 25) | (Number(bool) << 26)
      return { words: [type.size, encoding | (bitOffset << 16) | bits] }
    }
    case 'float':
      return { words: [type.size] }
    case 'pointer':
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
      return { words: [type.target] }
    case 'type_tag':
      return { words: [type.target], flag: type.attribute ?? false }
    case 'decl_tag':
      return { words: [type.target, type.component], flag: type.attribute ?? false }
    case 'array':
      return { words: [0, type.element, type.index, type.length] }
    case 'fwd':
      return { words: [0], flag: type.fwdKind === 'union' }
    case 'struct':
    case 'union': {
      const flag = type.members.some(({ bitSize }) => bitSize > 0)
      const items = type.members.flatMap(({ name, type: id, bitOffset, bitSize }) => [
        string(name),
        id,
        bitOffset | (bitSize << 24),
      ])
      return { words: [type.size, ...items], count: type.members.length, flag }
    }
    case 'enum': {
      const items = type.values.flatMap(({ name, value }) => [string(name), value])
      return { words: [type.size, ...items], count: type.values.length, flag: type.signed }
    }
    case 'enum64': {
      const items = type.values.flatMap(({ name, value }) => [
        string(name),
        Number(BigInt.asUintN(32, value)),
        Number(BigInt.asUintN(32, value >> 32n)),
      ])
      return { words: [type.size, ...items], count: type.values.length, flag: type.signed }
    }
    case 'func':
      return { words: [type.target], count: LINKAGES.indexOf(type.linkage) }
    case 'var':
      return { words: [type.target, LINKAGES.indexOf(type.linkage)] }
    case 'func_proto': {
      const items = type.params.flatMap(({ name, type: id }) => [string(name), id])
      return { words: [type.returns, ...items], count: type.params.length }
    }
    case 'datasec': {
      const items = type.variables.flatMap(({ type: id, offset, size }) => [id, offset, size])
      return { words: [type.size, ...items], count: type.variables.length }
    }
  }
}
