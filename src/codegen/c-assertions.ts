import { sanitizeIdentifier } from '../object/identifier.ts'
import type { BpfObject } from '../object/object.ts'
import { sectionFieldName } from './c-struct.ts'

/** Returns C that checks at compile time that variables have the size that clang gave them for BPF. */
export function cAssertions(object: BpfObject): string {
  const checks = object.sections.flatMap((section) =>
    section.variables.map(({ name, size }) => {
      const field = sanitizeIdentifier(name)
      const pointer = sectionFieldName(object, section)
      return `\t_Static_assert(sizeof(s->${pointer}->${field}) == ${size}, "unexpected size of '${field}'");\n`
    }),
  )
  return `__attribute__((unused)) static void
${object.name}__assert(struct ${object.name} *s __attribute__((unused)))
{
#ifdef __cplusplus
#define _Static_assert static_assert
#endif
${checks.join('')}#ifdef __cplusplus
#undef _Static_assert
#endif
}
`
}
