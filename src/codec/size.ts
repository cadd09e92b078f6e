import { type Layout, type Member, sizeOf, strideOf } from './layout.ts'
import { flatMembers } from './members.ts'
import { textSize } from './text.ts'

/** Returns the bytes from the member's offset to its end; a bitfield ends with the last byte that has a bit of it. */
export function memberSize(member: Member, size: (layout: Layout) => number = sizeOf): number {
  const { bits } = member
  return bits ? Math.ceil((bits.offset + bits.size) / 8) : size(member.layout)
}

/** Returns the fewest bytes that a record may have: those before its last array, which gets what follows. */
export function minimumSize(layout: Layout): number {
  switch (layout.kind) {
    case 'chars':
    case 'bytes':
    case 'array':
      return 0
    case 'union':
      return Math.max(0, ...layout.members.map((member) => memberSize(member, minimumSize)))
    case 'struct':
      return Math.max(
        0,
        ...layout.members.map(
          (member, index, { length }) =>
            member.offset + memberSize(member, index === length - 1 ? minimumSize : sizeOf),
        ),
      )
    default:
      return layout.size
  }
}

/** Returns whether the value ends in a flexible array, so that it may take more bytes than `sizeOf`. */
export function isFlexible(layout: Layout): boolean {
  switch (layout.kind) {
    case 'chars':
    case 'bytes':
    case 'array':
      return layout.length === 0
    case 'struct': {
      const last = layout.members.at(-1)
      return last !== undefined && isFlexible(last.layout)
    }
    case 'union':
      return layout.members.some((member) => isFlexible(member.layout))
    default:
      return false
  }
}

/**
 * Returns how many elements to read of an array of `length`: all of them, unless `rest` says how many bytes of the
 * record follow from the array's start. A flexible array (length 0) has as many elements as those bytes hold.
 */
export function availableElements(
  rest: number | undefined,
  length: number,
  elementSize: number,
): number {
  if (rest === undefined) return length
  if (elementSize === 0) return length
  const available = Math.max(0, Math.floor(rest / elementSize))
  return length === 0 ? available : Math.min(length, available)
}

/** Returns the bytes that `value` takes: more than the layout's only with a flexible array. It does not check the value. */
export function encodedSize(layout: Layout, value: unknown): number {
  if (!isFlexible(layout)) return sizeOf(layout)
  switch (layout.kind) {
    case 'chars':
      return textSize(value)
    case 'bytes':
      return lengthOf(value)
    case 'array':
      return lengthOf(value) * strideOf(layout)
    case 'struct':
    case 'union': {
      const fields = Object(value) as Record<string, unknown>
      const ends = flatMembers(layout)
        .filter((member) => member.last && isFlexible(member.layout))
        .map((member) => member.offset + encodedSize(member.layout, fields[member.name]))
      return Math.max(layout.size, ...ends)
    }
    default:
      return layout.size
  }
}

function lengthOf(value: unknown): number {
  return Number((Object(value) as { length?: unknown }).length) || 0
}
