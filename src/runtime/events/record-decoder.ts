import type { Layout } from '../../codec/layout.ts'
import { sizeOf } from '../../codec/layout.ts'
import { memoryCodec } from '../../codec/memory-codec.ts'

/** Decodes the records of one type. */
export interface RecordDecoder<T> {
  /** In bytes; shorter records are skipped. */
  readonly minimumSize: number
  /** Returns the value of `length` bytes at `offset`. */
  decode(this: void, memory: DataView, offset: number, length: number): T
  /** Counts a record of `length` bytes, which is too short. */
  skip(this: void, length: number): void
}

/**
 * Makes the decoder of one subscription: here the bytes of a record become an object, by the code that `src/codec`
 * generates for the layout. It warns of the first record that is too short for the layout.
 * @param title of the map, for the warning @param skipped called for each record that is too short
 */
export function recordDecoder<T>(
  layout: Layout,
  title: string,
  skipped: () => void,
): RecordDecoder<T> {
  const { minimumSize, decode } = memoryCodec<T>(layout)
  let hasWarned = false
  return {
    minimumSize,
    decode,
    skip(length) {
      skipped()
      if (hasWarned) return
      hasWarned = true
      process.emitWarning(tooShort(title, length, layout, minimumSize))
    },
  }
}

function tooShort(title: string, length: number, layout: Layout, minimumSize: number): string {
  const name = 'name' in layout && layout.name !== '' ? ` ${layout.name}` : ''
  const least = minimumSize === sizeOf(layout) ? '' : 'at least '
  return (
    `${title}: a record of ${length} bytes was skipped, because its type${name} has ${least}${minimumSize} bytes. Give as() ` +
    'the type that the program sends. `malformed` counts such records; this warning comes once a subscription.'
  )
}
