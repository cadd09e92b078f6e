/** BTF_KIND_ in its place in the info word, to which a count may be added. */
export const kinds = {
  int: 0x1000000,
  pointer: 0x2000000,
  array: 0x3000000,
  struct: 0x4000000,
  union: 0x5000000,
  enum: 0x6000000,
  typedef: 0x8000000,
  constant: 0xa000000,
  func: 0xc000000,
  funcProto: 0xd000000,
  variable: 0xe000000,
  declTag: 0x11000000,
  typeTag: 0x12000000,
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
