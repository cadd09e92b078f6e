import { Memo } from './intrinsics.ts'
import { type Layout, sizeOf, strideOf } from './layout.ts'
import { flatMembers, isComposite } from './members.ts'

/** The bytes from `start` up to `end`. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

const cache = new Memo<Layout, readonly ByteRange[]>()

/**
 * Returns the bytes of a layout that belong to its members, in order. Assigning to live memory writes these alone:
 * between them may lie fields that only the kernel writes (bpf_spin_lock, bpf_timer), which no layout shows.
 */
export function memberRanges(layout: Layout): readonly ByteRange[] {
  let ranges = cache.get(layout)
  if (!ranges) {
    ranges = merge([...rangesOf(layout)])
    cache.set(layout, ranges)
  }
  return ranges
}

function* rangesOf(layout: Layout): Generator<ByteRange> {
  if (isComposite(layout)) {
    for (const { offset, layout: type, bits } of flatMembers(layout)) {
      if (bits) {
        const end = (bits.offset + bits.size + 7) >> 3
        yield { start: offset + (bits.offset >> 3), end: offset + end }
      } else yield* shifted(type, offset)
    }
  } else if (layout.kind === 'array') {
    const stride = strideOf(layout)
    for (let i = 0; i < layout.length; i++) yield* shifted(layout.element, i * stride)
  } else {
    yield { start: 0, end: sizeOf(layout) }
  }
}

function* shifted(layout: Layout, by: number): Generator<ByteRange> {
  for (const { start, end } of memberRanges(layout)) yield { start: start + by, end: end + by }
}

function merge(unordered: ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = []
  for (const { start, end } of unordered.toSorted((a, b) => a.start - b.start)) {
    const before = merged.at(-1)
    if (before && start <= before.end) {
      merged[merged.length - 1] = { start: before.start, end: Math.max(before.end, end) }
    } else merged.push({ start, end })
  }
  return merged
}
