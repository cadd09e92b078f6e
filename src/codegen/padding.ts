import { sizeOf, type CompositeLayout, type Layout } from '../runtime/codec/layout.ts'

/** Whether bytes of a value belong to no member: a hash map compares them all the same. */
export function hasPadding(layout: Layout): boolean {
  switch (layout.kind) {
    case 'array':
      return hasPadding(layout.element)
    case 'struct':
    case 'union':
      return coveredBytes(layout) < layout.size || layout.members.some(holdsPadding)
    default:
      return false
  }
}

function holdsPadding({ layout }: CompositeLayout['members'][number]): boolean {
  return hasPadding(layout)
}

/** Bytes from the start that members cover without a gap. */
function coveredBytes({ members }: CompositeLayout): number {
  const ranges = members.map(({ offset, layout, bits }): [start: number, end: number] =>
    bits
      ? [offset + Math.floor(bits.offset / 8), offset + Math.ceil((bits.offset + bits.size) / 8)]
      : [offset, offset + sizeOf(layout)],
  )
  let covered = 0
  for (const [start, end] of ranges.toSorted(([a], [b]) => a - b)) {
    if (start > covered) return covered
    covered = Math.max(covered, end)
  }
  return covered
}
