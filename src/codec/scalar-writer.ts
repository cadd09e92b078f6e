import type { Bits } from './bits.ts'
import { supportFor } from './layout-support.ts'
import { isNumber, isSigned, type ScalarLayout } from './scalar.ts'
import { describeValue, type ValuePath, rangeError, typeError } from './value-path.ts'

/** Writes a value, or throws and writes nothing. */
export type ScalarWriter = (
  value: unknown,
  d: DataView,
  o: number,
  path: ValuePath | undefined,
) => void

export function scalarWriter(layout: ScalarLayout, bits?: Bits): ScalarWriter {
  const store = storer(layout, bits)
  switch (layout.kind) {
    case 'bool':
      return (value, d, o, path) => {
        if (typeof value !== 'boolean') {
          throw typeError(path, `expected true or false, got ${describeValue(value)}`)
        }
        store(d, o, Number(value))
      }
    case 'float':
      return (value, d, o, path) => {
        if (typeof value !== 'number') {
          throw typeError(path, `expected a number, got ${describeValue(value)}`)
        }
        if (layout.size === 4 && Number.isFinite(value) && !Number.isFinite(Math.fround(value))) {
          throw rangeError(path, `${value} is too large for a 32-bit float`)
        }
        store(d, o, value)
      }
    default:
      return integerWriter(layout, bits, store)
  }
}

type Store = (d: DataView, o: number, value: number | bigint) => void

function storer(layout: ScalarLayout, bits?: Bits): Store {
  if (bits) {
    const { write } = supportFor('bits')
    return (d, o, value) => write(d, o, bits.offset, bits.size, value)
  }
  if (layout.kind === 'float') {
    return layout.size === 4
      ? (d, o, value) => d.setFloat32(o, Number(value), true)
      : (d, o, value) => d.setFloat64(o, Number(value), true)
  }
  switch (layout.size) {
    case 1:
      return (d, o, value) => d.setUint8(o, Number(value))
    case 2:
      return (d, o, value) => d.setUint16(o, Number(value), true)
    case 4:
      return (d, o, value) => d.setUint32(o, Number(value), true)
    default:
      return (d, o, value) => {
        d.setBigUint64(o, BigInt(value), true)
        if (layout.size === 16) d.setBigUint64(o + 8, BigInt(value) >> 64n, true)
      }
  }
}

function integerWriter(layout: ScalarLayout, bits: Bits | undefined, store: Store): ScalarWriter {
  const width = bits?.size ?? layout.size * 8
  const low = isSigned(layout) ? -(2n ** BigInt(width - 1)) : 0n
  const high = low + 2n ** BigInt(width) - 1n
  const [lowest, highest] = [Number(low), Number(high)]
  const onlyNumbers = isNumber(layout, bits)
  const wanted = `expected an integer from ${low} to ${high}, got `

  return (value, d, o, path) => {
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value) && value >= lowest && value <= highest) {
        store(d, o, value)
        return
      }
      if (Number.isInteger(value) && !Number.isSafeInteger(value) && width > 53) {
        throw rangeError(path, `${value} is past 2^53-1, where numbers are not exact`)
      }
    } else if (typeof value !== 'bigint' || onlyNumbers) {
      throw typeError(path, wanted + describeValue(value))
    } else if (value >= low && value <= high) {
      store(d, o, value)
      return
    }
    throw rangeError(path, wanted + describeValue(value))
  }
}
