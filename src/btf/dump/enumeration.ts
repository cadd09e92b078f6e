import type { Enum, Enum64, TypeId } from '../types.ts'
import type { Dump } from './dump.ts'
import { indent } from './indent.ts'

/** `enum name { … }`; without values only `enum name`. */
export function enumDefinition(dump: Dump, id: TypeId, type: Enum | Enum64, level: number): string {
  let text = type.name ? `enum ${dump.names.tag(id)}` : 'enum'
  if (type.values.length === 0) return text
  const suffix = type.kind === 'enum' ? '' : type.signed ? 'LL' : 'ULL'
  text += ' {'
  for (const { name, value } of type.values) {
    text += `\n${indent(level + 1)}${dump.names.enumerator(name)} = ${value}${suffix},`
  }
  return `${text}\n${indent(level)}}${sizeAttribute(dump, type)}`
}

/** C makes an enum an int, or a long when a value needs it: other sizes must be asked for. */
function sizeAttribute(dump: Dump, type: Enum | Enum64): string {
  if (type.size === 1) return ' __attribute__((mode(byte)))'
  if (type.size !== 8 || dump.btf.pointerSize === 4) return ''
  const wide = type.values.some(
    ({ value }) => typeof value === 'bigint' && BigInt.asUintN(64, value) >> 32n !== 0n,
  )
  return wide ? '' : ' __attribute__((mode(word)))'
}
