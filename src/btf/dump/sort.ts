import type { Kind } from '../../uapi/btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import type { Dump } from './dump.ts'
import { createTypeHash } from './type-hash.ts'

/**
 * Type ids, void included, in the order of bpftool's `format c` (bpftool btf.c: btf_type_compare):
 * by kind, then by the name of what a type leads to, then by its own, then by content. Functions and what else no
 * definition comes of are left out.
 */
export function sortedIds(dump: Dump): TypeId[] {
  const { table } = dump.btf
  const ids = [...table.starts.keys()].filter((id) => !isIdle(table.kind(id)))
  const keys = createKeys(table, ids)
  const hash = createTypeHash(dump)
  return ids.toSorted((a, b) => {
    const difference = (keys[a] ?? 0) - (keys[b] ?? 0)
    if (difference !== 0) return difference
    const [left, right] = [hash(a), hash(b)]
    return left.high - right.high || left.low - right.low || a - b
  })
}

/** By id, all that comes before the content, as one number. */
function createKeys(table: TypeTable, ids: readonly TypeId[]): Float64Array {
  const names: { readonly id: TypeId; readonly rank: number; readonly leadsTo: string }[] = []
  const all = new Set<string>()
  for (const id of ids) {
    const end = endOf(table, id)
    const leadsTo = nameBehind(table, id, end)
    names.push({ id, rank: rankOf(table, id, end), leadsTo })
    all.add(leadsTo).add(table.name(id))
  }
  const places = new Map([...all].toSorted().map((name, place) => [name, place]))
  const keys = new Float64Array(table.length)
  for (const { id, rank, leadsTo } of names) {
    const [behind = 0, own = 0] = [places.get(leadsTo), places.get(table.name(id))]
    keys[id] = (rank * all.size + behind) * all.size + own
  }
  return keys
}

/** Not void, which is before all that rank last. */
function isIdle(kind: Kind): boolean {
  return kind === 'func' || kind === 'var' || kind === 'datasec' || kind === 'decl_tag'
}

/** What a type leads to: itself, unless it is derived from another. */
function endOf(table: TypeTable, id: TypeId): TypeId {
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
        return at
    }
  }
  return 0
}

/** Behind everything: what is no definition by itself. */
const LAST = 5

/** Enums come first, lists of constants before all. What has a name ranks as what it leads to. */
function rankOf(table: TypeTable, id: TypeId, end: TypeId): number {
  const isNamed = table.name(id) !== ''
  if (!isNamed && id !== end) return LAST
  switch (table.kind(end)) {
    case 'enum':
    case 'enum64':
      return isNamed ? 1 : 0
    case 'int':
    case 'float':
      return 2
    case 'struct':
    case 'union':
      return isNamed ? 3 : LAST
    case 'func_proto':
      return isNamed ? 4 : LAST
    default:
      return LAST
  }
}

/** Of what a type leads to. A list of constants is known by its first. */
function nameBehind(table: TypeTable, id: TypeId, end: TypeId): string {
  const name = table.name(end)
  if (name || id !== end) return name
  const kind = table.kind(id)
  return kind === 'enum' || kind === 'enum64' ? (table.values(id)[0]?.name ?? '') : ''
}
