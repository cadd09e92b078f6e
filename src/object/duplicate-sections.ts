import type { Elf, Section } from '../elf/elf.ts'
import { SHF_WRITE } from '../uapi/elf.ts'
import { ObjectError } from './object-error.ts'

/**
 * Refuses an object in which two of the given sections share a name. BTF and libbpf identify a section by its name, so
 * variables of one would be read at the offsets of the other's. clang makes two sections of one name when SEC() names a
 * default section and the variable is not `const` as that section's are, or the reverse.
 */
export function refuseDuplicates(elf: Elf, sections: readonly Section[]): void {
  const byName = new Map<string, Section[]>()
  for (const section of sections) {
    const others = byName.get(section.name)
    if (others) others.push(section)
    else byName.set(section.name, [section])
  }
  for (const [name, duplicates] of byName) {
    if (duplicates.length > 1) refuse(elf, name, duplicates)
  }
}

function refuse(elf: Elf, name: string, duplicates: readonly Section[]): never {
  const contents = duplicates.map((section) => ({ section, names: variablesOf(elf, section) }))
  const shown = contents.map(({ names }) => listed(names)).join('; ')
  const isConstant = name === '.rodata' || name.startsWith('.rodata.')
  const odd = contents.filter(({ section }) => ((section.flags & SHF_WRITE) !== 0) === isConstant)
  const differ = odd.length > 0 && odd.length < contents.length
  const subject = (differ ? odd : contents.slice(1)).flatMap(({ names }) => names).at(0)
  const other = `give it a section of another name, SEC("${name}.${subject ?? 'other'}")`
  const cure = !differ
    ? other
    : isConstant
      ? `declare ${subject ?? 'what can be written'} const, or ${other}`
      : `declare ${subject ?? 'what is constant'} without const, or ${other}`
  throw new ObjectError(
    `the object has ${duplicates.length} sections ${name}, and libbpf tells sections by their names (${shown}): ${cure}`,
    subject,
  )
}

/** Lists the names of a section's variables, sorted by offset. */
function variablesOf(elf: Elf, { index }: Section): string[] {
  return elf.symbols
    .filter(({ section, type, name }) => section === index && type === 'object' && name !== '')
    .toSorted((a, b) => a.value - b.value)
    .map(({ name }) => name)
}

/** The most names of one section that an error lists. */
const MOST_LISTED = 8

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'one without named variables'
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : ''
  return `one with ${names.slice(0, MOST_LISTED).join(', ')}${more}`
}
