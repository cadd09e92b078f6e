import type { Enumerator } from '../type-table.ts'
import type { TypeId } from '../types.ts'
import type { Dump } from './dump.ts'
import { indent } from './indent.ts'

/** Returns `enum name { … }`; without values only `enum name`. */
export function enumDefinition(dump: Dump, id: TypeId, level: number): string {
  const { table } = dump.btf
  let text = table.name(id) ? `enum ${dump.names.tag(id)}` : 'enum'
  if (table.count(id) === 0) return text
  const suffix = table.kind(id) === 'enum' ? '' : table.flag(id) ? 'LL' : 'ULL'
  const values = table.values(id)
  text += ' {'
  for (const { name, value } of values) {
    text += `\n${indent(level + 1)}${dump.names.enumerator(name)} = ${value}${suffix},`
  }
  return `${text}\n${indent(level)}}${sizeAttribute(dump, table.size(id), values)}`
}

/** Returns the attribute that other sizes need: C makes an enum an int, or a long when a value needs it. */
function sizeAttribute(dump: Dump, size: number, values: readonly Enumerator[]): string {
  if (size === 1) return ' __attribute__((mode(byte)))'
  if (size !== 8 || dump.btf.pointerSize === 4) return ''
  const wide = values.some(
    ({ value }) => typeof value === 'bigint' && BigInt.asUintN(64, value) >> 32n !== 0n,
  )
  return wide ? '' : ' __attribute__((mode(word)))'
}
