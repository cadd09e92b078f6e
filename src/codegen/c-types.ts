import { createDefinitions } from '../btf/dump/definitions.ts'
import type { Dump } from '../btf/dump/dump.ts'
import type { BpfObject } from '../object/object.ts'
import { HOST_TYPES } from './host-types.ts'

/**
 * The types that the globals of an object use, but for those that the header's own includes define.
 * A program that shares a header with its BPF source turns them off.
 */
export function cTypes({ name, sections }: BpfObject, dump: Dump): string {
  const used = sections.flatMap(({ variables }) => variables.map(({ type }) => type))
  const text = [...createDefinitions(dump)(used)].join('')
  const definitions = text
    .split(';\n\n')
    .filter((definition) => definition && !isOfHost(definition))
  if (definitions.length === 0) return ''
  const guard = `${name.toUpperCase()}_NO_TYPES`
  return `/* Define ${guard} where a header of yours has the types of its globals. */
#ifndef ${guard}
${definitions.map((definition) => `${definition};\n`).join('\n')}#endif /* ${guard} */
`
}

const DECLARED = /^(?:typedef\b[^]*?\b(\w+)(?:\[\d*\])*|(?:struct|union|enum) (\w+)(?: \{[^]*)?)$/u

function isOfHost(definition: string): boolean {
  const [, typedef, tag] = DECLARED.exec(definition) ?? []
  return HOST_TYPES.has(typedef ?? tag ?? '')
}
