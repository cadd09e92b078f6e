import type { CompositeLayout, Member } from './layout.ts'
import { flatMembers, isAnonymous } from './members.ts'
import { type Path, typeError } from './path.ts'
import { read } from './read.ts'

/** Writes a member of the fields given, or of other values. */
export type Write = (member: Member, d: DataView, o: number, values?: unknown) => void

/**
 * Several members of a union. They agree when the bytes, once written, read back in each of them as
 * what was given for it. Compared byte by byte they would not: a string does not say what lies behind
 * its NUL, nor NaN which of the NaNs it was, so members that say less are written before those that say more.
 */
export function writeAgreed(
  members: readonly Member[],
  writeOne: Write,
  d: DataView,
  o: number,
  path: Path | undefined,
  size: number,
): void {
  const agree = (order: readonly Member[]): boolean => {
    for (let i = 0; i < size; i++) d.setUint8(o + i, 0)
    for (const member of order) writeOne(member, d, o)
    return order.every((member) => readsBack(member, writeOne, d, o, size))
  }
  const agreeInSomeOrder = (some: readonly Member[]): boolean =>
    some.some((last) => agree([...some.filter((member) => member !== last), last]))

  if (agreeInSomeOrder(members)) return
  for (const [index, one] of members.entries()) {
    const other = members.slice(0, index).find((before) => !agreeInSomeOrder([before, one]))
    if (!other) continue
    throw typeError(
      path,
      `${nameOf(other)} and ${nameOf(one)} lie on the same bytes and disagree on them, give one of them`,
    )
  }
  throw typeError(path, `${members.map(nameOf).join(', ')} disagree on the bytes they share`)
}

function readsBack(member: Member, writeOne: Write, d: DataView, o: number, size: number): boolean {
  const alone: CompositeLayout = { kind: 'union', name: '', size, members: [member] }
  const meant = new DataView(new ArrayBuffer(size))
  const got = new DataView(new ArrayBuffer(size))
  writeOne(member, meant, 0)
  writeOne(member, got, 0, read(alone, d, o, size))
  for (let i = 0; i < size; i++) if (meant.getUint8(i) !== got.getUint8(i)) return false
  return true
}

function nameOf(member: Member): string {
  if (!isAnonymous(member)) return member.name
  return flatMembers(member.layout)
    .map((inner) => inner.name)
    .join('/')
}
