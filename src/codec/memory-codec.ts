import { checkedLayout } from './checked-layout.ts'
import { type Decode, makeDecoder } from './decoder.ts'
import { Buffer, Memo, Memory } from './intrinsics.ts'
import { type Layout, sizeOf } from './layout.ts'
import { clear, copy } from './memory.ts'
import { isScalar } from './scalar.ts'
import { encodedSize, isFlexible, minimumSize } from './size.ts'
import type { ValuePath } from './value-path.ts'
import { type Writer, writerOf } from './write.ts'

/** Decodes and encodes one layout at offsets of a memory: for maps, records and sections. */
export interface MemoryCodec<T = unknown> {
  readonly layout: Layout
  /** Size in bytes. */
  readonly size: number
  /** The fewest bytes that a record may have: those before its last array. */
  readonly minimumSize: number
  /**
   * Returns the value at `offset`. `available` is the number of bytes from there on, at least `minimumSize`: the
   * last array gets the elements that they hold, and bytes past the layout are ignored.
   */
  decode(d: DataView, offset: number, available?: number): T
  /**
   * Writes all bytes of the layout, padding as zeros, or throws and writes none. Errors call the value by `path`.
   */
  encode(value: unknown, d: DataView, offset: number, path?: ValuePath): void
}

const cache = new Memo<Layout, MemoryCodec>()

/** Returns the codec of a layout; its decoder is made by the first call. @throws {TypeError | RangeError} for an invalid layout */
export function memoryCodec<T = unknown>(layout: Layout): MemoryCodec<T> {
  let codec = cache.get(layout)
  if (!codec) {
    const checked = checkedLayout(layout)
    codec = cache.get(checked) ?? makeMemoryCodec(checked)
    cache.set(checked, codec).set(layout, codec)
  }
  return codec as MemoryCodec<T>
}

function makeMemoryCodec(layout: Layout): MemoryCodec {
  const size = sizeOf(layout)
  const flexible = isFlexible(layout)
  const scalar = isScalar(layout)
  let whole: Decode | undefined
  let partial: Decode | undefined
  let write: Writer | undefined
  let scratch: DataView | undefined

  return {
    layout,
    size,
    minimumSize: minimumSize(layout),
    decode(d, offset, available = size) {
      if (available >= size && !flexible) {
        return (whole ??= makeDecoder(layout, false))(d, offset, size)
      }
      return (partial ??= makeDecoder(layout, true))(d, offset, available)
    },
    encode(value, d, offset, path) {
      const bytes = flexible ? encodedSize(layout, value) : size
      if (offset + bytes > d.byteLength) {
        throw new RangeError(
          `cannot encode the value: it takes ${bytes} bytes, but only ${Math.max(0, d.byteLength - offset)} are left at offset ${offset}`,
        )
      }
      write ??= writerOf(layout)
      if (scalar) return write(value, d, offset, path, size)
      // Not shared while in use: a getter of the value may encode another one.
      const staged = scratch?.byteLength === bytes ? scratch : new Memory(new Buffer(bytes))
      scratch = undefined
      clear(staged, bytes)
      write(value, staged, 0, path, bytes)
      copy(staged, d, offset, bytes)
      scratch = staged
    },
  }
}
