import type { CharsLayout } from './layout.ts'
import { describe, type Path, rangeError, typeError } from './path.ts'

// A byte order mark is part of the value: what is read must be what would be written.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()
const { fromCharCode } = String

/** Several characters a call make a flat string, in half the time of joining them one by one. */
function ascii(d: DataView, at: number, end: number): string {
  let text = ''
  let o = at
  for (; end - o >= 8; o += 8) {
    text += fromCharCode(
      d.getUint8(o),
      d.getUint8(o + 1),
      d.getUint8(o + 2),
      d.getUint8(o + 3),
      d.getUint8(o + 4),
      d.getUint8(o + 5),
      d.getUint8(o + 6),
      d.getUint8(o + 7),
    )
  }
  if (end - o >= 4) {
    text += fromCharCode(d.getUint8(o), d.getUint8(o + 1), d.getUint8(o + 2), d.getUint8(o + 3))
    o += 4
  }
  for (; o < end; o++) text += fromCharCode(d.getUint8(o))
  return text
}

/** UTF-8 from `start` to `end`, what is not UTF-8 as U+FFFD. */
function utf8(d: DataView, start: number, end: number): string {
  for (let o = start; o < end; o++) {
    if (d.getUint8(o) > 0x7f) {
      return decoder.decode(new Uint8Array(d.buffer, d.byteOffset + start, end - start))
    }
  }
  return ascii(d, start, end)
}

/** The `length` bytes at `o` as a string to the first NUL. */
export function readChars(d: DataView, o: number, length: number): string {
  const limit = o + length
  let end = o
  while (end < limit) {
    const byte = d.getUint8(end)
    if (byte === 0) break
    if (byte > 0x7f) {
      while (end < limit && d.getUint8(end) !== 0) end++
      return utf8(d, o, end)
    }
    end++
  }
  return ascii(d, o, end)
}

/** All `length` bytes as one string, NULs inside too; the zeros that fill up the end are no part of it. */
export function readText(d: DataView, o: number, length: number): string {
  let end = o + length
  while (end > o && d.getUint8(end - 1) === 0) end--
  return utf8(d, o, end)
}

/** The strings that lie one after the other, each ended by a NUL; the zeros that fill up the end are none. */
export function readStrings(d: DataView, o: number, length: number): string[] {
  const text = readText(d, o, length)
  return text === '' ? [] : text.split('\0')
}

/** Of any realm: test environments have a Uint8Array of their own. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value[Symbol.toStringTag as never] === 'Uint8Array'
}

function joined(value: unknown, path: Path | undefined): string {
  if (typeof value !== 'object' || value === null || !('length' in value)) {
    throw typeError(path, `expected an array of strings, got ${describe(value)}`)
  }
  const strings = Array.from(value as ArrayLike<unknown>)
  for (const [key, string] of strings.entries()) {
    if (typeof string !== 'string') {
      throw typeError({ parent: path, key }, `expected a string, got ${describe(string)}`)
    }
    if (string.includes('\0')) {
      throw typeError({ parent: path, key }, 'a NUL would end this string and begin another')
    }
  }
  return strings.join('\0')
}

/** The bytes that stand for a value of the layout, without the zeros that fill it up. */
export function textBytes(layout: CharsLayout, value: unknown, path: Path | undefined): Uint8Array {
  if (isBytes(value)) return value
  if (layout.as === 'strings') return encoder.encode(joined(value, path))
  if (typeof value === 'string') return encoder.encode(value)
  throw typeError(path, `expected a string or a Uint8Array, got ${describe(value)}`)
}

/** Bytes that a string, several or raw bytes take; 0 of anything else. */
export function textSize(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).length
  if (isBytes(value)) return value.length
  return Array.isArray(value) ? encoder.encode(value.join('\0')).length : 0
}

/** Writes to zeroed memory that has room for `room` bytes. */
export function writeChars(
  layout: CharsLayout,
  value: unknown,
  d: DataView,
  o: number,
  room: number,
  path: Path | undefined,
): void {
  const bytes = textBytes(layout, value, path)
  if (bytes.length > room) {
    throw rangeError(path, `${bytes.length} bytes are too long, ${room} fit`)
  }
  for (let i = 0; i < bytes.length; i++) d.setUint8(o + i, bytes[i] ?? 0)
}
