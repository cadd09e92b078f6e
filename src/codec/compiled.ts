import { type Decode, makeDecoder } from './decoder.ts'
import { encodedSize, isFlexible, minimumSize } from './extent.ts'
import { Buffer, Memo, Memory } from './intrinsics.ts'
import { type Layout, sizeOf } from './layout.ts'
import { clear, copy } from './memory.ts'
import { ownLayout } from './own-layout.ts'
import type { Path } from './path.ts'
import { isScalar } from './scalar.ts'
import { type Writer, writerOf } from './write.ts'

/** Decoding and encoding at offsets of a memory, for maps, records and sections. */
export interface Compiled<T = unknown> {
  readonly layout: Layout
  /** Bytes. */
  readonly size: number
  /** Bytes that a record needs at least: those before its last array. */
  readonly minimumSize: number
  /**
   * The value at `offset`. With `available`, the bytes from there on, of which there are at least
   * `minimumSize`: the last array gets what came, bytes past the layout are ignored.
   */
  decode(d: DataView, offset: number, available?: number): T
  /**
   * Writes all bytes of the layout, padding as zeros, or throws and writes none. `path` is what errors call the value.
   */
  encode(value: unknown, d: DataView, offset: number, path?: Path): void
}

const cache = new Memo<Layout, Compiled>()

/** The decoder is made when it is first called. @throws {TypeError | RangeError} for what is no layout */
export function compiled<T = unknown>(layout: Layout): Compiled<T> {
  let made = cache.get(layout)
  if (!made) {
    const own = ownLayout(layout)
    made = cache.get(own) ?? compile(own)
    cache.set(own, made).set(layout, made)
  }
  return made as Compiled<T>
}

function compile(layout: Layout): Compiled {
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
        throw new RangeError(`the value takes ${bytes} bytes, ${d.byteLength - offset} are there`)
      }
      write ??= writerOf(layout)
      if (scalar) return write(value, d, offset, path, size)
      // Taken while in use: a getter of the value may encode another one.
      const own = scratch?.byteLength === bytes ? scratch : new Memory(new Buffer(bytes))
      scratch = undefined
      clear(own, bytes)
      write(value, own, 0, path, bytes)
      copy(own, d, offset, bytes)
      scratch = own
    },
  }
}
