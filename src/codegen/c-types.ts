import { createDefinitions } from '../btf/dump/definitions.ts'
import type { Dump } from '../btf/dump/dump.ts'
import type { BpfObject } from '../object/object.ts'
import { HOST_TYPES } from './host-types.ts'

/** Returns the types that the globals of an object use, except those that the header's includes define. */
export function definitionsOf(
  { sections }: BpfObject,
  dump: Dump,
  qualified?: ReadonlySet<string>,
): string[] {
  const used = sections.flatMap(({ variables }) => variables.map(({ type }) => type))
  return [...createDefinitions(dump, { declareNamed: true, qualified })(used)]
    .join('')
    .split(';\n\n')
    .filter((definition) => definition && !isHostType(definition))
    .map((definition) => `${definition};\n`)
}

/** Prints the definitions for C and C++. A program that shares a header with its BPF source turns them off. */
export function cTypes(name: string, c: readonly string[], cpp: readonly string[]): string {
  if (c.length === 0) return ''
  const guard = `${name.toUpperCase()}_NO_TYPES`
  return `/* Define ${guard} if a header of yours already has these types. */
#ifndef ${guard}
${c.map((definition, index) => cOrCpp(definition, cpp[index] ?? definition)).join('\n')}#endif /* ${guard} */
`
}

/** Returns text that a C compiler reads as `c` and a C++ compiler as `cpp`. */
export function cOrCpp(c: string, cpp: string): string {
  return c === cpp ? c : `#ifndef __cplusplus\n${c}#else\n${cpp}#endif\n`
}

const DECLARED_NAME =
  /^(?:typedef\b[^]*?\b(\w+)(?:\[\d*\])*|(?:struct|union|enum) (\w+)(?: \{[^]*)?)$/u

function isHostType(definition: string): boolean {
  const [, typedef, tag] = DECLARED_NAME.exec(definition) ?? []
  return HOST_TYPES.has(typedef ?? tag ?? '')
}
