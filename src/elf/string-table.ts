import { isAscii } from 'node:buffer'

import { SHT_STRTAB } from '../uapi/elf.ts'
import { FormatError, type Format } from './format-error.ts'
import type { Section } from './sections.ts'

/** Returns the string that starts `offset` bytes into the table. Throws FormatError outside of it. */
export type StringTable = (offset: number) => string

const utf8 = new TextDecoder()

/**
 * Returns a reader of a string table. A table in ASCII, as nearly every one is, is decoded once. `format` and `start` (the
 * table's offset) are for errors.
 */
export function stringTable(bytes: Uint8Array, format: Format, start: number): StringTable {
  const text = isAscii(bytes)
    ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    : undefined
  // A kernel's BTF refers to each string four times. This is its index in `known`, by offset.
  const indexes = new Uint32Array(bytes.length)
  const known = ['']
  const read = (offset: number): string => {
    const end = text === undefined ? bytes.indexOf(0, offset) : text.indexOf('\0', offset)
    if (!(offset >= 0 && offset < bytes.length) || end === -1) {
      const reason = `string ${offset} is outside of its table of ${bytes.length} bytes`
      throw new FormatError(format, start, reason)
    }
    return text === undefined ? utf8.decode(bytes.subarray(offset, end)) : text.slice(offset, end)
  }
  return (offset) => {
    const index = indexes[offset]
    if (index) return known[index] ?? ''
    const string = read(offset)
    indexes[offset] = known.push(string) - 1
    return string
  }
}

/** The most characters of all names of one ELF table, each counted as often as it is used. */
const MAX_NAMES = 64 << 20

/**
 * Returns a reader of a section's strings, which `what` names in errors. It limits their length together: in a hostile file,
 * names that share bytes could add up to gigabytes.
 */
export function sectionStrings(section: Section | undefined, what: string): StringTable {
  if (section?.type !== SHT_STRTAB) {
    const reason = section
      ? `section ${section.index} should be the string table of ${what}`
      : `the section that should be the string table of ${what} is not there`
    throw new FormatError('ELF', section?.offset ?? 0, reason)
  }
  const at = stringTable(section.data, 'ELF', section.offset)
  let length = 0
  return (offset) => {
    const name = at(offset)
    length += name.length
    if (length > MAX_NAMES) {
      const reason = `${what} have more than ${MAX_NAMES} characters in all`
      throw new FormatError('ELF', section.offset, reason)
    }
    return name
  }
}
