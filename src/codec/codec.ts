import { type Field, describeFields } from './fields.ts'
import { withForms, type WithForms, type Forms } from './forms.ts'
import type { In } from './input.ts'
import { isBytes, Memo, Memory } from './intrinsics.ts'
import type { Layout } from './layout.ts'
import { type MemoryCodec, memoryCodec } from './memory-codec.ts'
import { encodedSize } from './size.ts'

/**
 * Turns bytes into values of `T` and back, as the C compiler lays them out on this machine. Functions that
 * take a codec infer `T` from what it decodes (NoInfer), not from what it accepts.
 */
export interface Codec<T, I = In<NoInfer<T>>> {
  /** The C tag or typedef; empty when the type has none. */
  readonly name: string
  /** Size in bytes, without those of a flexible array. */
  readonly size: number
  readonly layout: Layout
  /** The members in C's order, including those of anonymous structs and unions. */
  readonly fields: readonly Field[]
  /**
   * Returns the value in `bytes` at `offset` (0). A flexible array at its end takes all elements that follow.
   * Throws a RangeError when there are fewer than `size` bytes.
   */
  decode(bytes: Uint8Array, offset?: number): T
  /**
   * Returns the bytes of `value`, with padding as zeros: a new array, or `into` with the value at `offset` (0).
   * Throws a TypeError for a missing field, an unknown field or a wrong type, and a RangeError for a number out
   * of its range or a length that does not fit. Both name the path, as in `at[1].x`, and nothing is written.
   */
  encode(value: I, into?: Uint8Array, offset?: number): Uint8Array
  /**
   * Returns a codec that reads some fields in another form. `bytes` gives a Uint8Array; for arrays of bytes or
   * chars, `strings` gives the list of NUL-terminated strings, and `text` the whole as one string. A path goes
   * through structs and arrays by member names: `'a.b'`.
   */
  with<const R extends Forms>(fields: R): Codec<WithForms<T, R>>
}

export function codec<T, I = In<T>>(unchecked: Layout, cName?: string): Codec<T, I> {
  const { layout, size, decode, encode }: MemoryCodec<T> = memoryCodec(unchecked)
  const name = cName ?? nameOf(layout)
  return {
    name,
    size,
    layout,
    get fields() {
      return describeFields(layout)
    },
    decode(bytes, offset = 0) {
      const { view, start, length } = lastLocated?.bytes === bytes ? lastLocated : locate(bytes)
      const available = length - requireOffset(offset)
      if (available < size) {
        throw new RangeError(
          `cannot decode ${name || 'the value'}: it takes ${size} bytes, but only ${Math.max(0, available)} are left at offset ${offset}`,
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
    with: (fields) => codec(withForms(layout, fields), name),
  }
}

function nameOf(layout: Layout): string {
  return 'name' in layout ? layout.name : ''
}

function requireBytes(bytes: Uint8Array): Uint8Array {
  if (isBytes(bytes)) return bytes
  throw new TypeError('a codec decodes and encodes a Uint8Array (or a Buffer), nothing else')
}

/** The position of an array of bytes in its ArrayBuffer. */
interface LocatedBytes {
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly length: number
}

/** The result of the last `locate`: asking bytes for their buffer takes as long as decoding a record. */
let lastLocated: LocatedBytes | undefined

// Making a DataView takes even longer, and many records share a buffer.
const views = new Memo<ArrayBufferLike, DataView>()

function locate(bytes: Uint8Array): LocatedBytes {
  const { buffer, byteOffset, byteLength } = requireBytes(bytes)
  let view = views.get(buffer)
  if (!view) {
    view = new Memory(buffer)
    views.set(buffer, view)
  }
  // Dropped when the current job ends, because it keeps the buffer from being collected.
  if (!lastLocated) queueMicrotask(() => (lastLocated = undefined))
  lastLocated = { bytes, view, start: byteOffset, length: byteLength }
  return lastLocated
}

function requireOffset(offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset
  throw new RangeError(`the offset must be a whole number of bytes, 0 or more, got ${offset}`)
}
