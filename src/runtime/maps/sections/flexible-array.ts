import type { CompositeLayout, Layout, Member } from '../../../codec/layout.ts'
import { sizeOf } from '../../../codec/layout.ts'

const cache = new WeakMap<CompositeLayout, CompositeLayout>()

/** Returns the layout with a flexible last array: setting `valueSize` changes how many elements it has. */
export function withFlexibleArray(layout: CompositeLayout): CompositeLayout {
  let flexible = cache.get(layout)
  if (!flexible) {
    const last = lastArray(layout)
    flexible = layout
    if (last) {
      const ending = { ...last, layout: { ...last.layout, length: 0 } }
      flexible = { ...layout, members: [...layout.members.slice(0, -1), ending] }
    }
    cache.set(layout, flexible)
  }
  return flexible
}

/** Returns the bytes of a section without its last array. */
export function fixedSize(layout: CompositeLayout): number {
  return lastArray(layout)?.offset ?? layout.size
}

/** Returns the array that ends the section, undefined when something follows it (libbpf.c: map_btf_datasec_resize). */
function lastArray(layout: CompositeLayout): (Member & { layout: ArrayLike }) | undefined {
  const last = layout.members.at(-1)
  if (!last || last.offset + sizeOf(last.layout) !== layout.size) return undefined
  return isArray(last.layout) ? { ...last, layout: last.layout } : undefined
}

type ArrayLike = Extract<Layout, { length: number }>

function isArray(layout: Layout): layout is ArrayLike {
  return 'length' in layout
}
