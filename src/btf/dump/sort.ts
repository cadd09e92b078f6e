import type { Kind } from '../../uapi/btf.ts'
import { MAX_DEPTH } from '../depth.ts'
import type { TypeTable } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import type { Dump } from './dump.ts'
import { createTypeHash } from './type-hash.ts'

/**
 * Sorts type ids, void included, as bpftool's `format c` does (bpftool btf.c: btf_type_compare): by kind, by the name of the
 * base type, by name, then by content. Functions and other types that have no definition in C are left out.
 */
export function sortedIds(dump: Dump): TypeId[] {
  const { table } = dump.btf
  const ids = [...table.starts.keys()].filter((id) => !hasNoDefinition(table.kind(id)))
  const keys = createKeys(table, ids)
  const hash = createTypeHash(dump)
  return ids.toSorted((a, b) => {
    const difference = (keys[a] ?? 0) - (keys[b] ?? 0)
    if (difference !== 0) return difference
    const [left, right] = [hash(a), hash(b)]
    return left.high - right.high || left.low - right.low || a - b
  })
}

/** Returns the sort key of each type, by id: kind and names in one number. */
function createKeys(table: TypeTable, ids: readonly TypeId[]): Float64Array {
  const names: { readonly id: TypeId; readonly rank: number; readonly baseName: string }[] = []
  const all = new Set<string>()
  for (const id of ids) {
    const base = baseOf(table, id)
    const baseName = baseNameOf(table, id, base)
    names.push({ id, rank: rankOf(table, id, base), baseName })
    all.add(baseName).add(table.name(id))
  }
  const positions = new Map([...all].toSorted().map((name, position) => [name, position]))
  const keys = new Float64Array(table.length)
  for (const { id, rank, baseName } of names) {
    const [basePosition = 0, position = 0] = [
      positions.get(baseName),
      positions.get(table.name(id)),
    ]
    keys[id] = (rank * all.size + basePosition) * all.size + position
  }
  return keys
}

/** Returns whether C has no definition for the kind. Void stays: bpftool sorts it before the others of the last rank. */
function hasNoDefinition(kind: Kind): boolean {
  return kind === 'func' || kind === 'var' || kind === 'datasec' || kind === 'decl_tag'
}

/** Returns the base type that a type is derived from, or the type itself. */
function baseOf(table: TypeTable, id: TypeId): TypeId {
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

/** The rank of types that are no definition by themselves. */
const LAST = 5

/** Returns the rank: lists of constants, then enums, then the others. A type with a name ranks as its base type. */
function rankOf(table: TypeTable, id: TypeId, base: TypeId): number {
  const isNamed = table.name(id) !== ''
  if (!isNamed && id !== base) return LAST
  switch (table.kind(base)) {
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

/** Returns the name of the base type. A list of constants goes by its first one. */
function baseNameOf(table: TypeTable, id: TypeId, base: TypeId): string {
  const name = table.name(base)
  if (name || id !== base) return name
  const kind = table.kind(id)
  return kind === 'enum' || kind === 'enum64' ? (table.values(id)[0]?.name ?? '') : ''
}
