import type { Bits } from './bits.ts'
import type { Environment } from './evaluate.ts'
import { supportFor } from './layout-support.ts'
import { elementType, isNumber, isSafe, isSigned, readInt128, type ScalarLayout } from './scalar.ts'

/**
 * Returns the JavaScript expression for the value at `o` of the memory `d`, both expressions themselves, and adds what it
 * calls to the environment.
 */
export function scalarSource(
  layout: ScalarLayout,
  d: string,
  o: string,
  bits: Bits | undefined,
  environment: Environment,
): string {
  const signed = isSigned(layout)
  let value: string
  const safe = isSafe(layout) ? supportFor('safe') : undefined
  if (safe) {
    environment['toSafe'] = safe.convert
    environment['readSafe'] = safe.read
  }
  if (bits) {
    value = supportFor('bits').source(d, o, bits, signed, environment)
    if (safe) value = `toSafe(${value})`
    else if (layout.kind === 'enum' && !isNumber(layout)) value = `BigInt(${value})`
  } else if (layout.size === 16) {
    environment['readInt128'] = readInt128
    value = `readInt128(${d},${o},${signed})`
  } else if (safe) value = `readSafe(${d},${o},${signed})`
  else value = `${d}.get${elementType(layout)}(${o},true)`
  // Compared loosely, because a 64-bit value is a bigint.
  return layout.kind === 'bool' ? `${value}!=0` : value
}
