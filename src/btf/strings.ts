import { FormatError } from '../elf/format-error.ts'
import { stringTable } from '../elf/string-table.ts'
import type { BtfHeader } from './header.ts'

export interface BtfStrings {
  /** The string at this offset; a base's strings come first. Throws FormatError when there is none. */
  at(offset: number): string
  /** Bytes, the base's included. */
  readonly size: number
}

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
  if (!base) return { at: own, size: data.length }
  const at = (offset: number): string =>
    offset < base.size ? base.at(offset) : own(offset - base.size)
  return { at, size: base.size + data.length }
}
