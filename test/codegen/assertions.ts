import { sizeOf, type Layout, type Member } from '../../src/codec/layout.ts'

/** C that compiles only when the compiler lays the type out so. */
export function assertions(type: string, layout: Layout): string {
  const size = `_Static_assert(sizeof(${type}) == ${sizeOf(layout)}, "size of ${type}");\n`
  return size + memberAssertions(type, layout)
}

/** The same, of its members alone. */
export function memberAssertions(type: string, layout: Layout): string {
  return places(layout, '', 0)
    .map(({ path, offset, bytes }) => place(type, path, offset, bytes))
    .join('')
}

function place(type: string, path: string, offset: number, bytes: number): string {
  return `_Static_assert(offsetof(${type}, ${path}) == ${offset}, "${path} of ${type}");
_Static_assert(sizeof(((${type} *)0)->${path}) == ${bytes}, "size of ${path} of ${type}");
`
}

interface Place {
  readonly path: string
  readonly offset: number
  readonly bytes: number
}

/** Of every member, and of the last element of every array: bitfields have no address in C. */
function places(layout: Layout, path: string, offset: number): Place[] {
  switch (layout.kind) {
    case 'struct':
    case 'union':
      return layout.members.flatMap((member) => memberPlaces(member, path, offset))
    case 'array': {
      if (layout.length === 0) return []
      const size = sizeOf(layout.element)
      const last = layout.length - 1
      return places(layout.element, `${path}[${last}]`, offset + last * size)
    }
    default:
      return []
  }
}

function memberPlaces(
  { name, layout, offset, bits }: Member,
  path: string,
  start: number,
): Place[] {
  if (bits) return []
  const at = start + offset
  if (name === '') return places(layout, path, at)
  const full = path === '' ? name : `${path}.${name}`
  const isFlexible = 'length' in layout && layout.length === 0
  const own = isFlexible ? [] : [{ path: full, offset: at, bytes: sizeOf(layout) }]
  return [...own, ...places(layout, full, at)]
}
