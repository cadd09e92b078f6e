import { typeAt, type Btf } from '../btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import type { BtfType, TypeId } from '../types.ts'
import { ascend, descend, type Dump } from './dump.ts'
import { createTypeHash } from './type-hash.ts'

/**
 * Type ids, void included, in the order of bpftool's `format c` (bpftool btf.c: btf_type_compare):
 * by kind, then by the name of what a type leads to, then by its own, then by content.
 */
export function sortedIds(dump: Dump): TypeId[] {
  const { btf } = dump
  const keys = btf.types.map((type, id) => ({
    id,
    rank: rankOf(dump, type, type.name !== ''),
    leadsTo: nameBehind(btf, id),
    own: type.name,
  }))
  const hash = createTypeHash(dump)
  keys.sort((a, b) => {
    if (a.rank !== b.rank) return a.rank - b.rank
    if (a.leadsTo !== b.leadsTo) return a.leadsTo < b.leadsTo ? -1 : 1
    if (a.own !== b.own) return a.own < b.own ? -1 : 1
    const [left, right] = [hash(a.id), hash(b.id)]
    if (left !== right) return left < right ? -1 : 1
    return a.id - b.id
  })
  return keys.map(({ id }) => id)
}

/** Behind everything: what is no definition by itself. */
const LAST = 10

/** Enums come first, lists of constants before all. A name may be that of a type that leads here. */
function rankOf(dump: Dump, type: BtfType, named: boolean): number {
  switch (type.kind) {
    case 'enum':
    case 'enum64':
      return named ? 1 : 0
    case 'int':
    case 'float':
      return 2
    case 'struct':
    case 'union':
      return named ? 3 : LAST
    case 'func_proto':
      return named ? 4 : LAST
    case 'array':
      return named ? rankBehind(dump, type.element) : LAST
    case 'pointer':
    case 'typedef':
    case 'const':
    case 'volatile':
    case 'restrict':
    case 'type_tag':
    case 'decl_tag':
      return named ? rankBehind(dump, type.target) : LAST
    case 'void':
    case 'fwd':
    case 'func':
    case 'var':
    case 'datasec':
      return LAST
  }
}

function rankBehind(dump: Dump, id: TypeId): number {
  descend(dump)
  const rank = rankOf(dump, typeAt(dump.btf, id), true)
  ascend(dump)
  return rank
}

/** A list of constants is known by its first. */
function nameBehind(btf: Btf, id: TypeId): string {
  let type = typeAt(btf, id)
  if (type.kind === 'enum' || type.kind === 'enum64')
    return type.name || (type.values[0]?.name ?? '')
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    switch (type.kind) {
      case 'array':
        type = typeAt(btf, type.element)
        break
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        type = typeAt(btf, type.target)
        break
      default:
        return type.name
    }
  }
  return ''
}
