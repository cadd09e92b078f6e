import { FormatError } from '../elf/format-error.ts'

const utf8 = new TextDecoder()

/** The least bytes that may be read of a section's strings, each counted as often as it is read; else 64 times the section. */
const MIN_BUDGET = 64 << 20

/** The bytes read so far, by section: a hostile file with a thousand names that share a megabyte would cost gigabytes. */
const bytesRead = new WeakMap<Uint8Array, number>()

/** Reads the string at `offset` of a section, up to its NUL. Throws FormatError. */
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
