import { Memo } from './intrinsics.ts'
import { type Layout, sizeOf, strideOf } from './layout.ts'
import { flatMembers, isComposite } from './members.ts'

/** Bytes from `start` up to `end`. */
export type Range = readonly [start: number, end: number]

const ranges = new Memo<Layout, readonly Range[]>()

/**
 * The bytes of a layout that its members take. Assigning to live memory writes these alone: between
 * them may lie what the kernel keeps for itself (bpf_spin_lock, bpf_timer), which no layout shows.
 */
export function coverage(layout: Layout): readonly Range[] {
  let covered = ranges.get(layout)
  if (!covered) {
    covered = merge([...pieces(layout)])
    ranges.set(layout, covered)
  }
  return covered
}

function* pieces(layout: Layout): Generator<Range> {
  if (isComposite(layout)) {
    for (const { offset, layout: type, bits } of flatMembers(layout)) {
      const [first, last] = bits ? [bits.offset >> 3, (bits.offset + bits.size + 7) >> 3] : []
      if (first !== undefined && last !== undefined) yield [offset + first, offset + last]
      else yield* shifted(type, offset)
    }
  } else if (layout.kind === 'array') {
    const stride = strideOf(layout)
    for (let i = 0; i < layout.length; i++) yield* shifted(layout.element, i * stride)
  } else {
    yield [0, sizeOf(layout)]
  }
}

function* shifted(layout: Layout, by: number): Generator<Range> {
  for (const [start, end] of coverage(layout)) yield [start + by, end + by]
}

function merge(unordered: Range[]): Range[] {
  const merged: Range[] = []
  for (const [start, end] of unordered.toSorted(([a], [b]) => a - b)) {
    const before = merged.at(-1)
    if (before && start <= before[1])
      merged[merged.length - 1] = [before[0], Math.max(before[1], end)]
    else merged.push([start, end])
  }
  return merged
}
