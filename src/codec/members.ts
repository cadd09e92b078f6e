import { Memo } from './intrinsics.ts'
import type { CompositeLayout, Layout, Member } from './layout.ts'

/** A member that has a name, with its offset in the outermost composite. */
export interface FlatMember extends Member {
  /** True when nothing follows the member, so that it gets the rest of a record that is shorter or longer than its type. */
  readonly last: boolean
}

export function isComposite(layout: Layout): layout is CompositeLayout {
  return layout.kind === 'struct' || layout.kind === 'union'
}

/** Returns whether a member is an anonymous struct or union, whose members C names as if they were the outer one's. */
export function isAnonymous(member: Member): member is Member & { layout: CompositeLayout } {
  return member.name === '' && isComposite(member.layout)
}

const flattened = new Memo<CompositeLayout, readonly FlatMember[]>()

/** Returns the members that a value of the layout has, including those of anonymous structs and unions. */
export function flatMembers(layout: CompositeLayout): readonly FlatMember[] {
  let flat = flattened.get(layout)
  if (!flat) {
    flat = flatten(layout)
    flattened.set(layout, flat)
  }
  return flat
}

function flatten({ kind, members }: CompositeLayout): FlatMember[] {
  const flat: FlatMember[] = []
  for (const [index, member] of members.entries()) {
    const last = kind === 'union' || index === members.length - 1
    for (const inner of isAnonymous(member) ? flatMembers(member.layout) : [{ ...member, last }]) {
      const offset = isAnonymous(member) ? member.offset + inner.offset : member.offset
      flat.push({ ...inner, offset, last: last && inner.last })
    }
  }
  return flat
}

/** Returns the member's name; for an anonymous struct or union, the names of its members: `a/b`. */
export function memberNames(member: Member): string {
  const names = isAnonymous(member) ? flatMembers(member.layout) : [member]
  return names.map(({ name }) => name).join('/')
}
