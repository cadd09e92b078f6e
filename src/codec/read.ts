import { heldBy } from './extent.ts'
import { feature } from './features.ts'
import { Bytes, setBytes } from './intrinsics.ts'
import { type CharsLayout, type Layout, strideOf } from './layout.ts'
import { flatMembers } from './members.ts'
import { isScalar, readScalar } from './scalar.ts'
import { readChars } from './text.ts'

type ReadChars = (d: DataView, o: number, length: number) => string | string[]

export function charsReader({ as }: CharsLayout): ReadChars {
  return as ? feature(as).read : readChars
}

/** A copy: what was read does not change with the memory. */
export function readBytes(d: DataView, o: number, length: number): Uint8Array {
  const copy = new Bytes(length)
  setBytes(copy, new Bytes(d.buffer, d.byteOffset + o, length))
  return copy
}

/**
 * The value at `o`, member by member. `rest`, given for what may end early or be flexible, is how many
 * bytes there are. The decoders that `decoder.ts` generates give the same values many times faster.
 */
export function read(layout: Layout, d: DataView, o: number, rest?: number): unknown {
  if (isScalar(layout)) return readScalar(layout, undefined, d, o)
  switch (layout.kind) {
    case 'chars':
      return charsReader(layout)(d, o, heldBy(rest, layout.length, 1))
    case 'bytes':
      return readBytes(d, o, heldBy(rest, layout.length, 1))
    case 'array': {
      const { element } = layout
      const size = strideOf(layout)
      const length = heldBy(rest, layout.length, size)
      return Array.from({ length }, (_, i) => read(element, d, o + i * size))
    }
    default: {
      const result = {}
      for (const { name, offset, layout: type, bits, last } of flatMembers(layout)) {
        const came = last && rest !== undefined ? rest - offset : undefined
        const value = isScalar(type)
          ? readScalar(type, bits, d, o + offset)
          : read(type, d, o + offset, came)
        // An assignment would lose a member named __proto__.
        Object.defineProperty(result, name, { ...plain, value })
      }
      return result
    }
  }
}
const plain = { enumerable: true, writable: true, configurable: true }
