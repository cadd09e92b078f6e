import { readBits } from './bits.ts'
import {
  type Bits,
  elementType,
  isNumber,
  isSafe,
  isSigned,
  readInt128,
  readSafe,
  type ScalarLayout,
  toSafe,
} from './scalar.ts'

/** What the expressions call, by the names they use. */
export const scalarEnvironment: object = { readBits, readInt128, readSafe, toSafe }

/** The JavaScript expression for the value at `o` of the memory `d`, both expressions themselves. */
export function scalarSource(layout: ScalarLayout, d: string, o: string, bits?: Bits): string {
  const signed = isSigned(layout)
  let value: string
  if (bits) {
    value = bitfieldSource(bits, d, o, signed)
    if (isSafe(layout)) value = `toSafe(${value})`
    else if (layout.kind === 'enum' && !isNumber(layout)) value = `BigInt(${value})`
  } else if (layout.size === 16) value = `readInt128(${d},${o},${signed})`
  else if (isSafe(layout)) value = `readSafe(${d},${o},${signed})`
  else value = `${d}.get${elementType(layout)}(${o},true)`
  // Loosely, because of 64 bits it is a bigint.
  return layout.kind === 'bool' ? `${value}!=0` : value
}

function bitfieldSource({ offset, size }: Bits, d: string, o: string, signed: boolean): string {
  const end = (offset & 7) + size
  const bytes = Math.ceil(end / 8)
  if (bytes === 3 || bytes > 4) return `readBits(${d},${o},${offset},${size},${signed})`
  const word = `${d}.getUint${bytes * 8}(${o}+${offset >> 3},true)`
  return `(${word}<<${32 - end}>>${signed ? '' : '>'}${32 - size})`
}
