import { type Layout, sizeOf } from './layout.ts'
import { type FlatMember, flatMembers, isComposite } from './members.ts'

/** Describes a member of a C type: name, position and type, as a table or a packet dissector needs them. */
export interface Field {
  readonly name: string
  /** Bytes from the start of the value; for a bitfield, to the storage unit that holds it. */
  readonly offset: number
  /** Size in bytes; for a bitfield, the storage unit's. */
  readonly size: number
  /** `u32`, `s64`, `char[16]`, `struct trace_key[2]`, `u32:3`. */
  readonly type: string
  /** Present for a bitfield: its offset from the storage unit's least significant bit, and its width, in bits. */
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
      // C writes the outer dimension first.
      const [, element, inner] = /^([^[]*)(.*)$/.exec(typeText(layout.element)) ?? []
      return `${element}[${layout.length || ''}]${inner}`
    }
    default:
      return `${layout.kind} ${layout.name}`.trim()
  }
}
