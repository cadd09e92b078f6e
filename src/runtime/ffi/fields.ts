/** A field of a struct: its kind and byte offset. `u` 32 bits, `i` 32 signed, `q` 64, `n` a name in 16 bytes. */
export type Field = `${'u' | 'i' | 'q' | 'n'}${number}`
export type Fields = Readonly<Record<string, Field>>

export type Values<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends `q${number}`
    ? bigint
    : F[K] extends `n${number}`
      ? string
      : number
}

export function readFields<const F extends Fields>(data: DataView, fields: F): Values<F> {
  const read = ([name, field]: [string, Field]): [string, unknown] => [name, readField(data, field)]
  return Object.fromEntries(Object.entries(fields).map(read)) as Values<F>
}

function readField(data: DataView, field: Field): unknown {
  const offset = Number(field.slice(1))
  switch (field[0]) {
    case 'q':
      return data.getBigUint64(offset, true)
    case 'i':
      return data.getInt32(offset, true)
    case 'n': {
      const name = new Uint8Array(data.buffer, data.byteOffset + offset, 16)
      return new TextDecoder().decode(name.subarray(0, name.indexOf(0)))
    }
    default:
      return data.getUint32(offset, true)
  }
}
