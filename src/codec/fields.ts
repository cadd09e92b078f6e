import { type Layout, sizeOf } from './layout.ts'
import { type FlatMember, flatMembers, isComposite } from './members.ts'

/** Where a member lies and what it is: what a table or a packet dissector needs. */
export interface Field {
  readonly name: string
  /** Bytes from the start of the value. Of a bitfield: of the unit that holds it. */
  readonly offset: number
  /** Bytes. Of a bitfield: of the unit that holds it. */
  readonly size: number
  /** `u32`, `s64`, `char[16]`, `struct trace_key[2]`, `u32:3`. */
  readonly type: string
  /** Of a bitfield: from the unit's least significant bit. */
  readonly bits?: { readonly offset: number; readonly size: number }
}

export function describeFields(layout: Layout): readonly Field[] {
  return isComposite(layout) ? flatMembers(layout).map(describeField) : []
}

function describeField({ name, offset, layout, bits }: FlatMember): Field {
  const field = { name, offset, size: sizeOf(layout), type: typeText(layout) }
  return bits
    ? {
        ...field,
        type: `${field.type}:${bits.size}`,
        bits: { offset: bits.offset, size: bits.size },
      }
    : field
}

function typeText(layout: Layout): string {
  switch (layout.kind) {
    case 'int':
      return `${layout.signed ? 's' : 'u'}${layout.size * 8}`
    case 'bool':
      return layout.size === 1 ? 'bool' : `bool${layout.size * 8}`
    case 'float':
      return `f${layout.size * 8}`
    case 'chars':
      return `char[${layout.length || ''}]`
    case 'bytes':
      return `u8[${layout.length || ''}]`
    case 'array': {
      // C's order: the outer dimension comes first.
      const [, element, inner] = /^([^[]*)(.*)$/.exec(typeText(layout.element)) ?? []
      return `${element}[${layout.length || ''}]${inner}`
    }
    default:
      return `${layout.kind} ${layout.name}`.trim()
  }
}
