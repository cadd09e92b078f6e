import { Memo } from './intrinsics.ts'
import type { CompositeLayout, Layout, Member } from './layout.ts'

/** A member with its value's own name, and its offset in the outermost composite. */
export interface FlatMember extends Member {
  /** Nothing lies behind it, so that it has what comes of a record that ends early or goes on. */
  readonly last: boolean
}

export function isComposite(layout: Layout): layout is CompositeLayout {
  return layout.kind === 'struct' || layout.kind === 'union'
}

/** C's anonymous struct or union: the names in it are names of the one around it. */
export function isAnonymous(member: Member): member is Member & { layout: CompositeLayout } {
  return member.name === '' && isComposite(member.layout)
}

const flattened = new Memo<CompositeLayout, readonly FlatMember[]>()

/** The members that a value of the layout shows, those of anonymous ones among them. */
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

/** Of an anonymous member: the names it brings. */
export function shownNames(member: Member): string {
  const names = isAnonymous(member) ? flatMembers(member.layout) : [member]
  return names.map(({ name }) => name).join('/')
}
