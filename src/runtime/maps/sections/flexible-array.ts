import type { CompositeLayout, Layout, Member } from '../../../codec/layout.ts'
import { sizeOf } from '../../../codec/layout.ts'

const known = new WeakMap<CompositeLayout, CompositeLayout>()

/** The same section with as many elements in its last array as its memory holds: a larger map gives it more. */
export function withFlexibleArray(layout: CompositeLayout): CompositeLayout {
  let open = known.get(layout)
  if (!open) {
    const last = lastArray(layout)
    open = layout
    if (last) {
      const ending = { ...last, layout: { ...last.layout, length: 0 } }
      open = { ...layout, members: [...layout.members.slice(0, -1), ending] }
    }
    known.set(layout, open)
  }
  return open
}

/** Bytes that a section cannot do without. */
export function fixedSize(layout: CompositeLayout): number {
  return lastArray(layout)?.offset ?? layout.size
}

/** The array that ends the section (libbpf.c: map_btf_datasec_resize): what is static behind it, no layout shows. */
function lastArray(layout: CompositeLayout): (Member & { layout: ArrayLike }) | undefined {
  const last = layout.members.at(-1)
  if (!last || last.offset + sizeOf(last.layout) !== layout.size) return undefined
  return isArray(last.layout) ? { ...last, layout: last.layout } : undefined
}

type ArrayLike = Extract<Layout, { length: number }>

function isArray(layout: Layout): layout is ArrayLike {
  return 'length' in layout
}
