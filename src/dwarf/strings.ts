import { FormatError } from '../elf/format-error.ts'

const utf8 = new TextDecoder()

/** Longer than any name or macro in practice; a bound for what one reference can cost. */
const MAX_LENGTH = 1 << 16

/** The string at `offset` of `bytes`, up to its NUL. Throws FormatError. */
export function stringAt(bytes: Uint8Array, offset: number): string {
  const from = bytes.subarray(offset, offset + MAX_LENGTH)
  const end = from.indexOf(0)
  if (end === -1) {
    const reason = `no string of less than ${MAX_LENGTH} bytes at byte ${offset} of ${bytes.length}`
    throw new FormatError('DWARF', offset, reason)
  }
  return utf8.decode(from.subarray(0, end))
}
