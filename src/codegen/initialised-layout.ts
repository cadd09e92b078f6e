import { sizeOf, strideOf, type Layout } from '../codec/layout.ts'

/**
 * The layout of a variable whose initialiser gave its flexible array elements: `size` bytes in all. It has no name, as
 * the type of that name has none of them.
 */
export function initialisedLayout(layout: Layout, size: number): Layout {
  if (size <= sizeOf(layout)) return layout
  switch (layout.kind) {
    case 'chars':
    case 'bytes':
      return { ...layout, length: size }
    case 'array': {
      const stride = strideOf(layout)
      return stride === 0 ? layout : { ...layout, length: Math.floor(size / stride) }
    }
    case 'struct': {
      const last = layout.members.at(-1)
      if (!last) return layout
      const grown = { ...last, layout: initialisedLayout(last.layout, size - last.offset) }
      return { ...layout, name: '', size, members: [...layout.members.slice(0, -1), grown] }
    }
    default:
      return layout
  }
}
