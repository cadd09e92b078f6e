import { sizeOf, strideOf, type Layout } from '../codec/layout.ts'

/**
 * Returns the layout of a variable of `size` bytes whose initialiser gives its flexible array elements. It has no name,
 * because the named type has none of these elements.
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
