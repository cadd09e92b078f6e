import { addFeature } from './features.ts'
import type { MemberTuple, UnionLayout } from './layout.ts'
import { members } from './layout.ts'
import { writeAgreed } from './write-union.ts'

export function union(name: string, size: number, tuples: readonly MemberTuple[]): UnionLayout {
  addFeature('union', writeAgreed)
  return { kind: 'union', name, size, members: members(tuples) }
}
