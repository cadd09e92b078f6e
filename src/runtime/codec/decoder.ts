import { readBits } from './bits.ts'
import { heldBy } from './extent.ts'
import { type Layout, sizeOf } from './layout.ts'
import { type FlatMember, flatMembers } from './members.ts'
import { charsReaders, read, readBytes } from './read.ts'
import {
  type Bits,
  elementType,
  isScalar,
  isSigned,
  isWideEnum,
  readInt128,
  readSafe,
  type ScalarLayout,
  toSafe,
} from './scalar.ts'

/** The value at `o`. Its last array gets what the `rest` bytes from `o` on hold. */
export type Decode = (d: DataView, o: number, rest: number) => unknown

/**
 * A decoder of its own for each layout: JavaScript with the offsets as constants and the object's
 * shape as a literal, as fast as one written by hand. Where no code may be generated
 * (Content-Security-Policy, `--disallow-code-generation-from-strings`) the layout is interpreted.
 * `partial` decoders read what may end early or be flexible, the others all of a fixed size.
 */
export function makeDecoder(layout: Layout, partial: boolean): Decode {
  try {
    const make = new Function(...Object.keys(environment), decoderSource(layout, partial))
    return make(...Object.values(environment))
  } catch (error) {
    if (!(error instanceof EvalError)) throw error
    return (d, o, rest) => read(layout, d, o, partial ? rest : undefined)
  }
}

/** What the generated code calls, by the names it uses. */
const environment = {
  ...charsReaders,
  bytes: readBytes,
  bits: readBits,
  safe: readSafe,
  int128: readInt128,
  held: heldBy,
  toSafe,
}

/** In it `d` is the memory, `o` the offset of the value, `n` the bytes from there on. */
function decoderSource(layout: Layout, partial: boolean): string {
  const functions: string[] = []
  const names = new Map<Layout, string>()

  /** An array or composite is a function, written once however often its type occurs. */
  function call(type: Layout, at: number, last: boolean): string {
    let name = last ? undefined : names.get(type)
    if (!name) {
      name = `f${functions.length}`
      if (!last) names.set(type, name)
      const index = functions.push('') - 1
      functions[index] = `function ${name}(d,o,n){${body(type, last)}}`
    }
    return last ? `${name}(d,o+${at},n-${at})` : `${name}(d,o+${at})`
  }

  function body(type: Layout, last: boolean): string {
    if (type.kind === 'array') {
      const size = sizeOf(type.element)
      const length = last ? `held(n,${type.length},${size})` : type.length
      const element = value(type.element, 0, false)
      return `const r=[];for(let i=${length};i>0;i--,o+=${size})r.push(${element});return r`
    }
    if (type.kind === 'struct' || type.kind === 'union') {
      return `return{${flatMembers(type).map((member) => property(member, last))}}`
    }
    return `return ${value(type, 0, last)}`
  }

  function property({ name, offset, layout: type, bits, last }: FlatMember, rest: boolean): string {
    // Written plainly, `__proto__` would set the prototype; computed, others would be slow.
    const key = name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
    return `${key}:${value(type, offset, last && rest, bits)}`
  }

  function value(type: Layout, at: number, last: boolean, bits?: Bits): string {
    if (isScalar(type)) return scalar(type, at, bits)
    const length = (limit: number): string => (last ? `held(n-${at},${limit},1)` : `${limit}`)
    switch (type.kind) {
      case 'chars':
        return `${type.as ?? 'chars'}(d,o+${at},${length(type.length)})`
      case 'bytes':
        return `bytes(d,o+${at},${length(type.length)})`
      case 'array':
        if (!last && type.length <= 16 && isScalar(type.element)) {
          const { element } = type
          const size = sizeOf(element)
          return `[${Array.from({ length: type.length }, (_, i) => scalar(element, at + i * size))}]`
        }
    }
    return call(type, at, last)
  }

  const entry = call(layout, 0, partial).split('(', 1)
  return `${functions.join('\n')}\nreturn ${entry}`
}

function scalar(layout: ScalarLayout, at: number, bits?: Bits): string {
  const signed = isSigned(layout)
  const safe = layout.kind === 'int' && layout.safe
  let read = `d.get${elementType(layout)}(o+${at},true)`
  if (bits) {
    read = bitfield(at, bits, signed)
    if (safe) read = `toSafe(${read})`
    if (isWideEnum(layout)) read = `BigInt(${read})`
  } else if (layout.size === 16) read = `int128(d,o+${at},${signed})`
  else if (safe && layout.size === 8) read = `safe(d,o+${at},${signed})`
  if (layout.kind !== 'bool') return read
  return layout.size === 8 && !bits ? `${read}!==0n` : `${read}!==0`
}

function bitfield(at: number, { offset, size }: Bits, signed: boolean): string {
  const end = (offset & 7) + size
  const bytes = Math.ceil(end / 8)
  if (bytes === 3 || bytes > 4) return `bits(d,o+${at},${offset},${size},${signed})`
  const word = `d.getUint${bytes * 8}(o+${at + (offset >> 3)},true)`
  return `(${word}<<${32 - end}>>${signed ? '' : '>'}${32 - size})`
}
