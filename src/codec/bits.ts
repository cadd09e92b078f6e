import { addFeature } from './features.ts'
import type { Environment } from './generate.ts'

/**
 * A bitfield's place: `offset` counts bits from the storage unit's least significant one, `size` is the width. Only the
 * bytes that hold a bit of the field are touched: the storage unit C declares may reach past a packed struct's end, and
 * in live memory its other bytes are someone else's. To 32 bits a field is a number, above a bigint.
 */
export interface Bits {
  readonly offset: number
  readonly size: number
}

export function bits(offset: number, size: number): Bits {
  addFeature('bits', { read: readBits, write: writeBits, source: bitsSource })
  return { offset, size }
}

export interface BitAccess {
  readonly read: typeof readBits
  /** The value is in the field's range. */
  readonly write: typeof writeBits
  readonly source: typeof bitsSource
}

/** The JavaScript expression of `readBits`; what it calls joins the environment. */
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
  offset: number,
  at: number,
  size: number,
  signed: boolean,
): number | bigint {
  if (size > 32) {
    let wide = 0n
    for (let byte = (at + size - 1) >> 3; byte >= at >> 3; byte--) {
      wide = (wide << 8n) | BigInt(d.getUint8(offset + byte))
    }
    wide >>= BigInt(at & 7)
    return signed ? BigInt.asIntN(size, wide) : BigInt.asUintN(size, wide)
  }
  let value = 0
  // Up to five bytes: arithmetic, not shifts, because 39 bits do not fit an int32.
  for (let byte = (at + size - 1) >> 3; byte >= at >> 3; byte--) {
    value = value * 256 + d.getUint8(offset + byte)
  }
  value = Math.floor(value / 2 ** (at & 7)) % 2 ** size
  return signed && value >= 2 ** (size - 1) ? value - 2 ** size : value
}

function writeBits(
  d: DataView,
  offset: number,
  at: number,
  size: number,
  value: number | bigint,
): void {
  const first = at >> 3
  let rest = BigInt.asUintN(size, BigInt(value)) << BigInt(at & 7)
  let mask = ((1n << BigInt(size)) - 1n) << BigInt(at & 7)
  for (let byte = first; mask; byte++) {
    const kept = d.getUint8(offset + byte) & ~Number(mask & 255n)
    d.setUint8(offset + byte, kept | Number(rest & 255n))
    rest >>= 8n
    mask >>= 8n
  }
}
