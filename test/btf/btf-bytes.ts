/** BTF_KIND_ in its place in the info word, to which a count may be added. */
export const kinds = {
  int: 1 << 24,
  pointer: 2 << 24,
  array: 3 << 24,
  struct: 4 << 24,
  union: 5 << 24,
  enum: 6 << 24,
  typedef: 8 << 24,
  constant: 10 << 24,
  func: 12 << 24,
  funcProto: 13 << 24,
  variable: 14 << 24,
  typeTag: 18 << 24,
}

export interface Header {
  readonly littleEndian?: boolean
  readonly version?: number
  /** Bytes that the header says it has. */
  readonly length?: number
}

/** BTF of these types, each the words of its record, for what no compiler writes. */
export function btfBytes(
  types: readonly (readonly number[])[],
  strings: string,
  { littleEndian = true, version = 1, length = 24 }: Header = {},
): Uint8Array {
  const words = types.flat()
  const text = Buffer.from(strings)
  const start = Math.max(length, 24)
  const bytes = new Uint8Array(start + words.length * 4 + text.length)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0xeb9f, littleEndian)
  view.setUint8(2, version)
  for (const [index, word] of [
    length,
    0,
    words.length * 4,
    words.length * 4,
    text.length,
  ].entries()) {
    view.setUint32(4 + index * 4, word, littleEndian)
  }
  for (const [index, word] of words.entries()) view.setUint32(start + index * 4, word, littleEndian)
  bytes.set(text, start + words.length * 4)
  return bytes
}
