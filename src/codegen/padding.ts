import { sizeOf, type CompositeLayout, type Layout } from '../codec/layout.ts'

/** Returns whether some bits of a value belong to no member: a hash map compares those bits too. */
export function hasPadding(layout: Layout): boolean {
  switch (layout.kind) {
    case 'array':
      return hasPadding(layout.element)
    case 'struct':
    case 'union':
      return coveredBits(layout) < layout.size * 8 || layout.members.some(memberHasPadding)
    default:
      return false
  }
}

function memberHasPadding({ layout }: CompositeLayout['members'][number]): boolean {
  return hasPadding(layout)
}

/** Returns how many bits from the start members cover without a gap. */
function coveredBits({ members }: CompositeLayout): number {
  const ranges = members.map(({ offset, layout, bits }): [start: number, end: number] => {
    const start = offset * 8 + (bits?.offset ?? 0)
    return [start, start + (bits?.size ?? sizeOf(layout) * 8)]
  })
  let covered = 0
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    if (start > covered) return covered
    covered = Math.max(covered, end)
  }
  return covered
}
