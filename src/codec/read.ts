import { Bytes, setBytes } from './intrinsics.ts'
import { supportFor } from './layout-support.ts'
import { type CharsLayout, type Layout, strideOf } from './layout.ts'
import { flatMembers } from './members.ts'
import { isScalar, readScalar } from './scalar.ts'
import { availableElements } from './size.ts'
import { readChars } from './text.ts'

type ReadChars = (d: DataView, o: number, length: number) => string | string[]

export function charsReader({ as }: CharsLayout): ReadChars {
  return as ? supportFor(as).read : readChars
}

/** Returns a copy, so that the value does not change with the memory. */
export function readBytes(d: DataView, o: number, length: number): Uint8Array {
  const copy = new Bytes(length)
  setBytes(copy, new Bytes(d.buffer, d.byteOffset + o, length))
  return copy
}

/**
 * Reads the value at `o` member by member. `rest` is the number of bytes there, given for records that may end early
 * or have a flexible array. The decoders that `decoder.ts` generates return the same values many times faster.
 */
export function read(layout: Layout, d: DataView, o: number, rest?: number): unknown {
  if (isScalar(layout)) return readScalar(layout, undefined, d, o)
  switch (layout.kind) {
    case 'chars':
      return charsReader(layout)(d, o, availableElements(rest, layout.length, 1))
    case 'bytes':
      return readBytes(d, o, availableElements(rest, layout.length, 1))
    case 'array': {
      const { element } = layout
      const size = strideOf(layout)
      const length = availableElements(rest, layout.length, size)
      return Array.from({ length }, (_, i) => read(element, d, o + i * size))
    }
    default: {
      const result = {}
      for (const { name, offset, layout: type, bits, last } of flatMembers(layout)) {
        const available = last && rest !== undefined ? rest - offset : undefined
        const value = isScalar(type)
          ? readScalar(type, bits, d, o + offset)
          : read(type, d, o + offset, available)
        // An assignment would lose a member named __proto__.
        Object.defineProperty(result, name, { ...plainProperty, value })
      }
      return result
    }
  }
}
const plainProperty = { enumerable: true, writable: true, configurable: true }
