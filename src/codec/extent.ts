import { type Layout, type Member, sizeOf, strideOf } from './layout.ts'
import { flatMembers } from './members.ts'
import { textSize } from './text.ts'

/** Bytes from the member's offset on that hold it: of a bitfield, to the last byte that has a bit of it. */
export function memberExtent(member: Member, extent: (layout: Layout) => number = sizeOf): number {
  const { bits } = member
  return bits ? Math.ceil((bits.offset + bits.size) / 8) : extent(member.layout)
}

/**
 * Bytes that a value needs before its last array: a record may end anywhere from there on, and
 * gives the array what came.
 */
export function minimumSize(layout: Layout): number {
  switch (layout.kind) {
    case 'chars':
    case 'bytes':
    case 'array':
      return 0
    case 'union':
      return Math.max(0, ...layout.members.map((member) => memberExtent(member, minimumSize)))
    case 'struct':
      return Math.max(
        0,
        ...layout.members.map(
          (member, index, { length }) =>
            member.offset + memberExtent(member, index === length - 1 ? minimumSize : sizeOf),
        ),
      )
    default:
      return layout.size
  }
}

/** Whether the value ends in a flexible array, so that its bytes may be more than `sizeOf`. */
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
 * Elements to read of an array of `length`: all of them, unless it is the last of a record of which
 * `rest` bytes came from the array's start on. A flexible array has what the bytes hold.
 */
export function heldBy(rest: number | undefined, length: number, elementSize: number): number {
  if (rest === undefined) return length
  if (elementSize === 0) return length
  const held = Math.max(0, Math.floor(rest / elementSize))
  return length === 0 ? held : Math.min(length, held)
}

/** Bytes that `value` takes: more than the layout's only in a flexible array. A wrong value is not judged here. */
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
