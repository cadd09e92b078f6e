import { FormatError, type Format } from './format-error.ts'

const utf8 = new TextDecoder()

/**
 * Reads one value after another from `bytes[offset, end)` in the given byte order. Reading past the end throws FormatError, so
 * readers need not check lengths first.
 */
export class Cursor {
  readonly bytes: Uint8Array
  readonly format: Format
  readonly littleEndian: boolean
  /** Bytes from the start of `bytes` to the next read; `seek` moves it. */
  offset: number
  readonly end: number
  readonly #view: DataView

  constructor(
    bytes: Uint8Array,
    format: Format,
    littleEndian: boolean,
    offset = 0,
    end: number = bytes.length,
  ) {
    this.bytes = bytes
    this.format = format
    this.littleEndian = littleEndian
    this.offset = 0
    this.end = end
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (end > bytes.length) this.fail(`needs ${end} bytes, there are ${bytes.length}`, bytes.length)
    this.seek(offset)
  }

  get done(): boolean {
    return this.offset >= this.end
  }

  get remaining(): number {
    return this.end - this.offset
  }

  fail(reason: string, offset: number = this.offset): never {
    throw new FormatError(this.format, offset, reason)
  }

  seek(offset: number): void {
    if (!(offset >= 0 && offset <= this.end)) {
      this.fail(`points to byte ${offset}, past the end at ${this.end}`)
    }
    this.offset = offset
  }

  /** Skips `size` bytes and returns the offset of the first. */
  skip(size: number): number {
    const start = this.offset
    if (!(size >= 0 && size <= this.end - start)) {
      this.fail(`needs ${size} more bytes, there are ${this.end - start}`)
    }
    this.offset = start + size
    return start
  }

  /** Moves to the next multiple of `size`, counted from the start of `bytes`. */
  align(size: number): void {
    this.skip((size - (this.offset % size)) % size)
  }

  u8(): number {
    return this.#view.getUint8(this.skip(1))
  }

  u16(): number {
    return this.#view.getUint16(this.skip(2), this.littleEndian)
  }

  u32(): number {
    return this.#view.getUint32(this.skip(4), this.littleEndian)
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8), this.littleEndian)
  }

  s8(): number {
    return this.#view.getInt8(this.skip(1))
  }

  s16(): number {
    return this.#view.getInt16(this.skip(2), this.littleEndian)
  }

  s32(): number {
    return this.#view.getInt32(this.skip(4), this.littleEndian)
  }

  s64(): bigint {
    return this.#view.getBigInt64(this.skip(8), this.littleEndian)
  }

  /** Reads 64 bits as a number, rounded past 2^53, where no size or offset lies. */
  word(): number {
    const start = this.skip(8)
    const low = this.#view.getUint32(this.littleEndian ? start : start + 4, this.littleEndian)
    const high = this.#view.getUint32(this.littleEndian ? start + 4 : start, this.littleEndian)
    return high * 2 ** 32 + low
  }

  /** Reads an unsigned LEB128 of at most 64 bits as a number (see `word`). */
  uleb128(): number {
    const first = this.u8()
    if (first < 0x80) return first
    this.offset--
    return Number(this.uleb128n())
  }

  /** Reads an unsigned LEB128 of at most 64 bits. */
  uleb128n(): bigint {
    return BigInt.asUintN(64, this.#leb128().value)
  }

  /** Reads a signed LEB128 of at most 64 bits. */
  sleb128n(): bigint {
    const { value, bits, negative } = this.#leb128()
    return BigInt.asIntN(64, negative && bits < 64 ? value - (1n << BigInt(bits)) : value)
  }

  #leb128(): { value: bigint; bits: number; negative: boolean } {
    const start = this.offset
    // Nearly every value has up to 28 bits, which fit a 32-bit number.
    let small = 0
    let large = 0n
    for (let bits = 0; bits < 70; bits += 7) {
      const byte = this.u8()
      if (bits < 28) small |= (byte & 0x7f) << bits
      else large |= BigInt(byte & 0x7f) << BigInt(bits)
      if (byte < 0x80) {
        return { value: large | BigInt(small), bits: bits + 7, negative: (byte & 0x40) !== 0 }
      }
    }
    return this.fail('a LEB128 number is longer than 64 bits', start)
  }

  /** Returns the next `size` bytes, not copied. */
  take(size: number): Uint8Array {
    const start = this.skip(size)
    return this.bytes.subarray(start, start + size)
  }

  /** Reads UTF-8 up to the next NUL and skips that. Bad UTF-8 becomes U+FFFD. */
  string(): string {
    const start = this.offset
    const nul = this.bytes.indexOf(0, start)
    if (nul === -1 || nul >= this.end) this.fail('a string has no end')
    this.offset = nul + 1
    return utf8.decode(this.bytes.subarray(start, nul))
  }
}
