import * as dw from './constants.ts'
import { children, nameOf, type Die } from './die.ts'
import { isRecord, referredType } from './referred-type.ts'

export interface MemberPath {
  /** `at.x` of `struct { struct { int x; } at[2]; }`; members of C's anonymous ones without a dot. */
  readonly path: string
  readonly die: Die
}

/** Struct in struct, deeper than this, nobody writes in place. */
const MAX_DEPTH = 32

/**
 * All members of a record, those of records without a name in it included. `seen` are the nameless
 * ones met so far: C declares each in one place, so none is walked twice.
 */
export function* memberPaths(
  record: Die,
  seen: Set<number>,
  prefix = '',
  depth = 0,
): Generator<MemberPath> {
  if (depth > MAX_DEPTH) return
  for (const die of children(record)) {
    if (die.tag !== dw.DW_TAG_member) continue
    const name = nameOf(die)
    const path = prefix + name
    if (name !== '') yield { path, die }
    const nested = namelessRecord(die)
    if (!nested || seen.has(nested.offset)) continue
    seen.add(nested.offset)
    yield* memberPaths(nested, seen, name === '' ? prefix : `${path}.`, depth + 1)
  }
}

/** The struct or union that is written out in the member's own declaration. */
function namelessRecord(member: Die): Die | undefined {
  let type = referredType(member)
  for (let steps = 0; type && isQualifierOrArray(type.tag) && steps < MAX_DEPTH; steps++) {
    type = referredType(type)
  }
  return type && isRecord(type.tag) && nameOf(type) === '' ? type : undefined
}

function isQualifierOrArray(tag: number): boolean {
  switch (tag) {
    case dw.DW_TAG_const_type:
    case dw.DW_TAG_volatile_type:
    case dw.DW_TAG_array_type:
      return true
    default:
      return false
  }
}
