import type { Bits } from './bits.ts'
import { type Environment, evaluate } from './evaluate.ts'
import { type Layout, strideOf } from './layout.ts'
import { type FlatMember, flatMembers, isComposite } from './members.ts'
import { charsReader, read, readBytes } from './read.ts'
import { scalarSource } from './scalar-source.ts'
import { isScalar } from './scalar.ts'
import { availableElements } from './size.ts'

/** Returns the value at `o`. Its last array gets the elements that the `rest` bytes from `o` on hold. */
export type Decode = (d: DataView, o: number, rest: number) => unknown

/**
 * Makes the function that turns bytes of this layout into an object. It is generated JavaScript, with the offsets
 * as constants and the object as a literal, as fast as a decoder written by hand. Where no code may be generated,
 * `read` interprets the layout. A `partial` decoder reads records that end early or have a flexible array; the
 * others read values of a fixed size.
 */
export function makeDecoder(layout: Layout, partial: boolean): Decode {
  const environment: Environment = { bytes: readBytes, availableElements }
  const decode = evaluate(decoderSource(layout, partial, environment), environment)
  return (decode as Decode) ?? ((d, o, rest) => read(layout, d, o, partial ? rest : undefined))
}

/**
 * Returns the decoder's source, and adds what it calls to the environment. `d` is the memory, `o` the offset of the
 * value, `n` the number of bytes from there on.
 */
function decoderSource(layout: Layout, partial: boolean, environment: Environment): string {
  const functions: string[] = []
  const names = new Map<Layout, string>()

  /** Returns a call of the function for an array or composite, which is written once however often the type occurs. */
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
    if (isComposite(type)) {
      return `return{${flatMembers(type).map((member) => property(member, last))}}`
    }
    if (type.kind !== 'array') return `return ${value(type, 0, last)}`
    const size = strideOf(type)
    const length = last ? `availableElements(n,${type.length},${size})` : type.length
    const element = value(type.element, 0, false)
    return `const r=[];for(let i=${length};i>0;i--,o+=${size})r.push(${element});return r`
  }

  function property({ name, offset, layout: type, bits, last }: FlatMember, rest: boolean): string {
    // A plain key `__proto__` would set the prototype; computed keys are slow, so no other key is one.
    const key = name === '__proto__' ? '["__proto__"]' : JSON.stringify(name)
    return `${key}:${value(type, offset, last && rest, bits)}`
  }

  function value(type: Layout, at: number, last: boolean, bits?: Bits): string {
    if (isScalar(type)) return scalarSource(type, 'd', `o+${at}`, bits, environment)
    if (type.kind === 'chars' || type.kind === 'bytes') {
      const reader = type.kind === 'chars' ? (type.as ?? 'chars') : 'bytes'
      if (type.kind === 'chars') environment[reader] = charsReader(type)
      const length = last ? `availableElements(n-${at},${type.length},1)` : type.length
      return `${reader}(d,o+${at},${length})`
    }
    if (type.kind === 'array' && !last && type.length <= 16 && isScalar(type.element)) {
      const { element, length } = type
      const stride = strideOf(type)
      const elements = Array.from({ length }, (_, i) => value(element, at + i * stride, false))
      return `[${elements}]`
    }
    return call(type, at, last)
  }

  const [entry] = call(layout, 0, partial).split('(')
  return `${functions.join('\n')}\nreturn ${entry}`
}
