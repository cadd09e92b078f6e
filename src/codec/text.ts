import { apply, Bytes, isBytes, lengthOfBytes } from './intrinsics.ts'
import { supportFor } from './layout-support.ts'
import type { CharsLayout } from './layout.ts'
import { describeValue, type ValuePath, rangeError, typeError } from './value-path.ts'

// A byte order mark is part of the value: what is read must equal what was written.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()
const { fromCharCode } = String
const { decode } = TextDecoder.prototype

/** Decodes eight characters a call, which makes flat strings in half the time of joining them one by one. */
function ascii(d: DataView, start: number, end: number): string {
  let text = ''
  let o = start
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

/** Decodes the bytes from `start` to `end` as UTF-8, with U+FFFD for invalid bytes. */
export function utf8(d: DataView, start: number, end: number): string {
  for (let o = start; o < end; o++) {
    if (d.getUint8(o) > 0x7f) {
      return apply(decode, decoder, [new Bytes(d.buffer, d.byteOffset + start, end - start)])
    }
  }
  return ascii(d, start, end)
}

/** Returns the `length` bytes at `o` as a string up to the first NUL. */
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

/** Returns the bytes that a string, an array of strings or raw bytes take; 0 for anything else. */
export function textSize(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).length
  if (isBytes(value)) return lengthOfBytes(value)
  return Array.isArray(value) ? textSize(value.join('\0')) : 0
}

/** Returns a writer of the bytes alone: those behind them are zero already. */
export function charsWriter({ length, as }: CharsLayout): TextWriter {
  const joined = as && supportFor(as).joined
  return (value, d, o, path, room) => {
    const capacity = length || room
    const text = joined && !isBytes(value) ? joined(value, path) : value
    if (typeof text === 'string') {
      if (text.length <= capacity && writeAscii(text, d, o)) return
    } else if (!isBytes(text)) {
      throw typeError(path, `expected a string or a Uint8Array, got ${describeValue(value)}`)
    }
    const bytes = typeof text === 'string' ? encoder.encode(text) : text
    const size = lengthOfBytes(bytes)
    if (size > capacity) {
      throw rangeError(path, `${size} bytes are too long, at most ${capacity} fit`)
    }
    for (let i = 0; i < size; i++) d.setUint8(o + i, bytes[i] ?? 0)
  }
}
type TextWriter = (
  value: unknown,
  d: DataView,
  o: number,
  path: ValuePath | undefined,
  room: number,
) => void

/** Returns false when the text is not ASCII; the caller then overwrites what was written. */
function writeAscii(text: string, d: DataView, o: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    d.setUint8(o + i, code)
  }
  return true
}
