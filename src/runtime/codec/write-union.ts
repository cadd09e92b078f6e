import type { CompositeLayout, Member } from './layout.ts'
import { flatMembers, isAnonymous } from './members.ts'
import { type Path, typeError } from './path.ts'
import { read } from './read.ts'

/** Writes a member of the value given, or of another value. */
export type WriteMember = (member: Member, d: DataView, o: number, value?: unknown) => void

/**
 * Several members of a union. They agree when the bytes, once written, read back in each of them as
 * what was given for it. Compared byte by byte they would not: a string does not say what lies behind
 * its NUL, nor NaN which of the NaNs it was, so members that say less are written before one that says more.
 */
export function writeAgreed(
  members: readonly Member[],
  write: WriteMember,
  d: DataView,
  o: number,
  path: Path | undefined,
  size: number,
): void {
  const agree = (order: readonly Member[]): boolean => {
    for (let i = 0; i < size; i++) d.setUint8(o + i, 0)
    for (const member of order) write(member, d, o)
    return order.every((member) => readsBack(member, write, d, o, size))
  }
  const agreeInSomeOrder = (some: readonly Member[]): boolean =>
    some.some((last) => agree([...some.filter((member) => member !== last), last]))

  if (agreeInSomeOrder(members)) return
  for (const [index, one] of members.entries()) {
    const other = members.slice(0, index).find((before) => !agreeInSomeOrder([before, one]))
    if (other) throw disagreement(path, [other, one])
  }
  throw disagreement(path, members)
}

function disagreement(path: Path | undefined, members: readonly Member[]): TypeError {
  const names = members.map(nameOf).join(' and ')
  return typeError(path, `${names} disagree on the bytes that they share, give one of them`)
}

function readsBack(
  member: Member,
  write: WriteMember,
  d: DataView,
  o: number,
  size: number,
): boolean {
  const alone: CompositeLayout = { kind: 'union', name: '', size, members: [member] }
  const meant = new DataView(new ArrayBuffer(size))
  const got = new DataView(new ArrayBuffer(size))
  write(member, meant, 0)
  try {
    write(member, got, 0, read(alone, d, o, size))
  } catch {
    return false
  }
  for (let i = 0; i < size; i++) if (meant.getUint8(i) !== got.getUint8(i)) return false
  return true
}

/** Of an anonymous member: the names it brings. */
export function nameOf(member: Member): string {
  const names = isAnonymous(member) ? flatMembers(member.layout) : [member]
  return names.map(({ name }) => name).join('/')
}
