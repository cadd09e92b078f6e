import { MAX_DEPTH } from '../depth.ts'
import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import type { Dump } from './dump.ts'
import { createTypeHash } from './type-hash.ts'

/**
 * Type ids, void included, in the order of bpftool's `format c` (bpftool btf.c: btf_type_compare):
 * by kind, then by the name of what a type leads to, then by its own, then by content.
 */
export function sortedIds(dump: Dump): TypeId[] {
  const { table } = dump.btf
  const ranks = Array.from({ length: LAST + 1 }, () => new Map<string, TypeId[]>())
  for (let id = 0; id < table.length; id++) {
    const rank = ranks[rankOf(table, id)]
    const leadsTo = nameBehind(table, id)
    const same = rank?.get(leadsTo)
    if (same) same.push(id)
    else rank?.set(leadsTo, [id])
  }
  const byContent = comparison(dump)
  return ranks.flatMap((rank) =>
    [...rank.keys()].toSorted().flatMap((name) => (rank.get(name) ?? []).toSorted(byContent)),
  )
}

/** Of types that lead to the same name. */
function comparison(dump: Dump): (a: TypeId, b: TypeId) => number {
  const { table } = dump.btf
  const hash = createTypeHash(dump)
  return (a, b) => {
    const [ownA, ownB] = [table.name(a), table.name(b)]
    if (ownA !== ownB) return ownA < ownB ? -1 : 1
    const [hashA, hashB] = [hash(a), hash(b)]
    if (hashA !== hashB) return hashA < hashB ? -1 : 1
    return a - b
  }
}

/** Behind everything: what is no definition by itself. */
const LAST = 5

/** Enums come first, lists of constants before all. What has a name ranks as what it leads to. */
function rankOf(table: TypeTable, id: TypeId): number {
  const named = table.name(id) !== ''
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    switch (table.kind(at)) {
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
        if (!named) return LAST
        at = table.element(at)
        break
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        if (!named) return LAST
        at = table.target(at)
        break
      case 'void':
      case 'fwd':
      case 'func':
      case 'var':
      case 'datasec':
        return LAST
    }
  }
  return LAST
}

/** A list of constants is known by its first. */
function nameBehind(table: TypeTable, id: TypeId): string {
  const kind = table.kind(id)
  if (kind === 'enum' || kind === 'enum64') return table.name(id) || table.values(id)[0]?.name || ''
  let at = id
  for (let steps = 0; steps < MAX_DEPTH; steps++) {
    switch (table.kind(at)) {
      case 'array':
        at = table.element(at)
        break
      case 'pointer':
      case 'typedef':
      case 'const':
      case 'volatile':
      case 'restrict':
      case 'type_tag':
      case 'decl_tag':
        at = table.target(at)
        break
      default:
        return table.name(at)
    }
  }
  return ''
}
