import * as dw from './constants.ts'
import { children, nameOf, type Die } from './die.ts'
import { isRecord, referredType } from './referred-type.ts'

export interface MemberPath {
  /** `at.x` for `struct { struct { int x; } at[2]; }`. An anonymous member of C adds nothing to the path. */
  readonly path: string
  readonly die: Die
}

/** The deepest nesting of structs that is followed. */
const MAX_DEPTH = 32

/**
 * Lists all members of a record, with those of the nameless records in it. `seen` are the nameless records met so far: C
 * declares each in one place, so none is walked twice.
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

/** Returns the struct or union that is defined in the member's declaration. */
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
