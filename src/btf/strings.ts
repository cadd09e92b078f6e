import { FormatError } from '../elf/format-error.ts'
import { stringTable } from '../elf/string-table.ts'
import type { BtfHeader } from './header.ts'

export interface BtfStrings {
  /** Returns the string at an offset. A base's strings come first. Throws FormatError when there is none. */
  at(offset: number): string
  /** Bytes, those of the base included. */
  readonly size: number
  /** Whether a string has more than about LONG bytes. In practice only the lines of C for .BTF.ext have. */
  readonly hasLong: boolean
}

const LONG = 512

export function readStrings(
  bytes: Uint8Array,
  { strings: { start, end } }: BtfHeader,
  base: BtfStrings | undefined,
): BtfStrings {
  const data = bytes.subarray(start, end)
  // Split BTF may go without strings of its own.
  if (base && data.length === 0) return base
  if (data.length === 0 || data.at(-1) !== 0 || (!base && data[0] !== 0)) {
    throw new FormatError('BTF', start, 'the strings do not start and end with a zero byte')
  }
  const own = stringTable(data, 'BTF', start)
  const hasLong = (base?.hasLong ?? false) || holdsLong(data)
  if (!base) return { at: own, size: data.length, hasLong }
  const at = (offset: number): string =>
    offset < base.size ? base.at(offset) : own(offset - base.size)
  return { at, size: base.size + data.length, hasLong }
}

/** Looks at one string in every LONG bytes. */
function holdsLong(data: Uint8Array): boolean {
  for (let at = 0; at < data.length; at += LONG) {
    if (data.indexOf(0, at) - at > LONG) return true
  }
  return false
}
