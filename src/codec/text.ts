import { feature } from './features.ts'
import { apply, Bytes, isBytes, lengthOfBytes } from './intrinsics.ts'
import type { CharsLayout } from './layout.ts'
import { describe, type Path, rangeError, typeError } from './path.ts'

// A byte order mark is part of the value: what is read must be what would be written.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()
const { fromCharCode } = String
const { decode } = TextDecoder.prototype

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
export function utf8(d: DataView, start: number, end: number): string {
  for (let o = start; o < end; o++) {
    if (d.getUint8(o) > 0x7f) {
      return apply(decode, decoder, [new Bytes(d.buffer, d.byteOffset + start, end - start)])
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

/** Bytes that a string, several or raw bytes take; 0 of anything else. */
export function textSize(value: unknown): number {
  if (typeof value === 'string') return encoder.encode(value).length
  if (isBytes(value)) return lengthOfBytes(value)
  return Array.isArray(value) ? textSize(value.join('\0')) : 0
}

/** Writes the bytes alone, because what is behind them is zero. */
export function charsWriter({ length, as }: CharsLayout): TextWriter {
  const joined = as && feature(as).joined
  return (value, d, o, path, room) => {
    const most = length || room
    const text = joined && !isBytes(value) ? joined(value, path) : value
    if (typeof text === 'string') {
      if (text.length <= most && writeAscii(text, d, o)) return
    } else if (!isBytes(text)) {
      throw typeError(path, `expected a string or a Uint8Array, got ${describe(value)}`)
    }
    const bytes = typeof text === 'string' ? encoder.encode(text) : text
    const size = lengthOfBytes(bytes)
    if (size > most) throw rangeError(path, `${size} bytes are too long, ${most} fit`)
    for (let i = 0; i < size; i++) d.setUint8(o + i, bytes[i] ?? 0)
  }
}
type TextWriter = (
  value: unknown,
  d: DataView,
  o: number,
  path: Path | undefined,
  room: number,
) => void

/** False when it is not ASCII; what was written until then is overwritten. */
function writeAscii(text: string, d: DataView, o: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 0x7f) return false
    d.setUint8(o + i, code)
  }
  return true
}
