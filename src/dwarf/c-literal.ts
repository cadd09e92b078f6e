import { integer, type Integer } from './c-integer.ts'

const SIMPLE: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
}

const ESCAPE =
  /\\(?:x(?<hex>[\da-fA-F]+)|(?<octal>[0-7]{1,3})|(?<code>u[\da-fA-F]{4}|U[\da-fA-F]{8})|(?<simple>[^]))|(?<plain>[^\\]+)/g

const utf8 = new TextEncoder()

/** Returns the bytes between the quotes of a character or string, escapes resolved; undefined when malformed. */
function bytesOf(text: string): number[] | undefined {
  const bytes: number[] = []
  for (const { groups = {} } of text.matchAll(ESCAPE)) {
    const { hex, octal, code, simple, plain } = groups
    if (plain !== undefined) bytes.push(...utf8.encode(plain))
    else if (code !== undefined) {
      const point = Number.parseInt(code.slice(1), 16)
      if (point > 0x10ffff) return undefined
      bytes.push(...utf8.encode(String.fromCodePoint(point)))
    } else {
      const byte = hex
        ? Number.parseInt(hex, 16)
        : octal
          ? Number.parseInt(octal, 8)
          : (SIMPLE[simple ?? ''] ?? simple?.charCodeAt(0) ?? 0)
      if (byte > 255) return undefined
      bytes.push(byte)
    }
  }
  return bytes
}

/** Parses `'x'`, an int; undefined for wide characters and for several in one literal. */
export function parseCharacter(text: string): Integer | undefined {
  const bytes = text.startsWith("'") ? bytesOf(text.slice(1, -1)) : undefined
  const [byte] = bytes ?? []
  // BPF's char is signed.
  return bytes?.length === 1 && byte !== undefined
    ? integer(BigInt.asIntN(8, BigInt(byte)))
    : undefined
}

/** Joins adjacent string literals; undefined for wide ones. Bad UTF-8 becomes U+FFFD. */
export function parseStrings(literals: readonly string[]): string | undefined {
  const bytes: number[] = []
  for (const literal of literals) {
    const quote = literal.indexOf('"')
    const prefix = literal.slice(0, quote)
    const part =
      prefix === '' || prefix === 'u8' ? bytesOf(literal.slice(quote + 1, -1)) : undefined
    if (!part) return undefined
    bytes.push(...part)
  }
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes))
}
