import { toNumber } from '../../codec/intrinsics.ts'
import { readChars } from '../../codec/text.ts'

/** A field of a C struct: a letter for its type (`u` u32, `i` s32, `q` u64, `n` char[16]), then its offset in bytes. */
export type StructField = `${'u' | 'i' | 'q' | 'n'}${number}`
export type StructFields = Readonly<Record<string, StructField>>

export type StructValues<F extends StructFields> = {
  readonly [K in keyof F]: F[K] extends `q${number}`
    ? bigint
    : F[K] extends `n${number}`
      ? string
      : number
}

const { hasOwn } = Object

/** Reads a C struct as an object of its fields. */
export function readStruct<const F extends StructFields>(
  data: DataView,
  fields: F,
): StructValues<F> {
  // Sizes of buffers are among the values, so nothing takes part that a user may have replaced, such as a prototype's setter.
  const values: Record<string, unknown> = { __proto__: null }
  for (const name in fields) {
    const field = hasOwn(fields, name) && fields[name]
    if (field) values[name] = readField(data, field)
  }
  return { ...values } as StructValues<F>
}

function readField(data: DataView, field: StructField): unknown {
  let offset = 0
  for (let i = 1; i < field.length; i++) offset = 10 * offset + toNumber(field[i])
  switch (field[0]) {
    case 'q':
      return data.getBigUint64(offset, true)
    case 'i':
      return data.getInt32(offset, true)
    case 'n':
      return readChars(data, offset, 16)
    default:
      return data.getUint32(offset, true)
  }
}
