import type { Environment } from './evaluate.ts'
import { addSupport } from './layout-support.ts'

/**
 * The bits of a bitfield: `offset` counts from the storage unit's least significant bit, `size` is the width. Reads and
 * writes touch only the bytes that hold a bit of the field: the storage unit that C declares may reach past a packed
 * struct's end, and in live memory its other bytes belong to other members. A field of up to 32 bits is a number, a
 * wider one a bigint.
 */
export interface Bits {
  readonly offset: number
  readonly size: number
}

export function bits(offset: number, size: number): Bits {
  addSupport('bits', { read: readBits, write: writeBits, source: bitsSource })
  return { offset, size }
}

export interface BitfieldSupport {
  readonly read: typeof readBits
  /** Writes a value that is in the field's range. */
  readonly write: typeof writeBits
  readonly source: typeof bitsSource
}

/** Returns the JavaScript expression that does what `readBits` does, and adds what it calls to the environment. */
function bitsSource(
  d: string,
  o: string,
  { offset, size }: Bits,
  signed: boolean,
  environment: Environment,
): string {
  const end = (offset & 7) + size
  const bytes = Math.ceil(end / 8)
  if (bytes === 3 || bytes > 4) {
    environment['readBits'] = readBits
    return `readBits(${d},${o},${offset},${size},${signed})`
  }
  const word = `${d}.getUint${bytes * 8}(${o}+${offset >> 3},true)`
  return `(${word}<<${32 - end}>>${signed ? '' : '>'}${32 - size})`
}

function readBits(
  d: DataView,
  o: number,
  bitOffset: number,
  size: number,
  signed: boolean,
): number | bigint {
  if (size > 32) {
    let wide = 0n
    for (let byte = (bitOffset + size - 1) >> 3; byte >= bitOffset >> 3; byte--) {
      wide = (wide << 8n) | BigInt(d.getUint8(o + byte))
    }
    wide >>= BigInt(bitOffset & 7)
    return signed ? BigInt.asIntN(size, wide) : BigInt.asUintN(size, wide)
  }
  let value = 0
  // The field spans up to five bytes: arithmetic, not shifts, because 39 bits do not fit an int32.
  for (let byte = (bitOffset + size - 1) >> 3; byte >= bitOffset >> 3; byte--) {
    value = value * 256 + d.getUint8(o + byte)
  }
  value = Math.floor(value / 2 ** (bitOffset & 7)) % 2 ** size
  return signed && value >= 2 ** (size - 1) ? value - 2 ** size : value
}

function writeBits(
  d: DataView,
  o: number,
  bitOffset: number,
  size: number,
  value: number | bigint,
): void {
  let rest = BigInt.asUintN(size, BigInt(value)) << BigInt(bitOffset & 7)
  let mask = ((1n << BigInt(size)) - 1n) << BigInt(bitOffset & 7)
  for (let byte = bitOffset >> 3; mask; byte++) {
    const neighbours = d.getUint8(o + byte) & ~Number(mask & 255n)
    d.setUint8(o + byte, neighbours | Number(rest & 255n))
    rest >>= 8n
    mask >>= 8n
  }
}
