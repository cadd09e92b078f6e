import { FormatError } from '../elf/format-error.ts'

const utf8 = new TextDecoder()

/** Bytes that may be read of a section's strings, as often as they are read: 64 times all of it, and at least these. */
const MIN_BUDGET = 64 << 20

/** Bytes read so far. No compiler writes a thousand names that share a megabyte; one who did would cost gigabytes. */
const bytesRead = new WeakMap<Uint8Array, number>()

/** The string at `offset` of a section, up to its NUL. Throws FormatError. */
export function stringAt(section: Uint8Array, offset: number): string {
  const end = offset < section.length ? section.indexOf(0, offset) : -1
  if (end === -1) {
    throw new FormatError('DWARF', offset, `no string at byte ${offset} of ${section.length}`)
  }
  const read = (bytesRead.get(section) ?? 0) + end - offset
  bytesRead.set(section, read)
  if (read > Math.max(MIN_BUDGET, 64 * section.length)) {
    throw new FormatError('DWARF', offset, `strings that overlap have more than ${read} bytes`)
  }
  return utf8.decode(section.subarray(offset, end))
}
