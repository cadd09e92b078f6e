import { type Compiled, compiled } from './compiled.ts'
import { encodedSize } from './extent.ts'
import { type Field, describeFields } from './fields.ts'
import type { In } from './input.ts'
import { isBytes, Memo, Memory } from './intrinsics.ts'
import type { Layout } from './layout.ts'
import { refine, type Refined, type Refinements } from './refine.ts'

/**
 * Turns bytes into values of `T` and back, laid out as the C compiler does on this machine. Functions
 * that take one learn `T` from what it decodes (NoInfer), not from what it accepts.
 */
export interface Codec<T, I = In<NoInfer<T>>> {
  /** C's tag or typedef, empty when it has none. */
  readonly name: string
  /** Bytes, without those of a flexible array. */
  readonly size: number
  readonly layout: Layout
  /** The members in C's order, those of anonymous structs and unions among them. */
  readonly fields: readonly Field[]
  /**
   * The value in `bytes` at `offset` (0). A flexible array at its end has all elements that follow.
   * RangeError when there are fewer than `size` bytes.
   */
  decode(bytes: Uint8Array, offset?: number): T
  /**
   * The bytes of `value`, padding zero: new ones, or `into` itself with them at `offset` (0).
   * TypeError for a missing field, an unknown one, or a wrong type; RangeError for a number out of its
   * range and a length that does not fit. Both name the path, as in `at[1].x`, and nothing is written.
   */
  encode(value: I, into?: Uint8Array, offset?: number): Uint8Array
  /**
   * The same with some fields read in another form: `bytes` as a Uint8Array, and bytes or chars as the
   * `strings` in them that NULs end, or as the whole `text` of them. A path goes through structs and
   * arrays by member names: `'a.b'`.
   */
  with<const R extends Refinements>(fields: R): Codec<Refined<T, R>>
}

export function codec<T, I = In<T>>(given: Layout, title?: string): Codec<T, I> {
  const { layout, size, decode, encode }: Compiled<T> = compiled(given)
  const name = title ?? nameOf(layout)
  return {
    name,
    size,
    layout,
    get fields() {
      return describeFields(layout)
    },
    decode(bytes, offset = 0) {
      const { view, start, length } = recent?.bytes === bytes ? recent : placeOf(bytes)
      const available = length - requireOffset(offset)
      if (available < size) {
        throw new RangeError(
          `${name || 'the value'} takes ${size} bytes, ${Math.max(0, available)} are there`,
        )
      }
      return decode(view, start + offset, available)
    },
    encode(value, into, offset = 0) {
      const bytes = into ?? new Uint8Array(requireOffset(offset) + encodedSize(layout, value))
      const { buffer, byteOffset, byteLength } = requireBytes(bytes)
      encode(value, new Memory(buffer, byteOffset, byteLength), requireOffset(offset))
      return bytes
    },
    with: (fields) => codec(refine(layout, fields), name),
  }
}

function nameOf(layout: Layout): string {
  return 'name' in layout ? layout.name : ''
}

function requireBytes(bytes: Uint8Array): Uint8Array {
  if (isBytes(bytes)) return bytes
  throw new TypeError('a codec reads from and writes to a Uint8Array')
}

/** Where bytes lie in the memory of their buffer. */
interface Place {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly length: number
}

/** The last one: asking bytes for their buffer takes as long as decoding a record. */
let recent: Place | undefined

// Making a DataView takes longer still, and many records share a buffer.
const views = new Memo<ArrayBufferLike, DataView>()

function placeOf(bytes: Uint8Array): Place {
  const { buffer, byteOffset, byteLength } = requireBytes(bytes)
  let view = views.get(buffer)
  if (!view) {
    view = new Memory(buffer)
    views.set(buffer, view)
  }
  // Forgotten when the code that asks has run: until then it keeps the buffer from being collected.
  if (!recent) queueMicrotask(() => (recent = undefined))
  recent = { bytes, view, start: byteOffset, length: byteLength }
  return recent
}

function requireOffset(offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset
  throw new RangeError(`an offset is a number of bytes from 0 on, got ${offset}`)
}
