import { matchSection } from '../object/section-definitions.ts'
import type { SectionFacts } from '../runtime/programs/newer-section.ts'
import { attachTypeNumbers } from '../uapi/attach-type-names.ts'
import { progTypes } from '../uapi/prog-type.ts'

/** Returns what an older libbpf must be told of the program; undefined for a section that every libbpf 1.x knows. */
export function newerSection(section: string): SectionFacts | undefined {
  const match = matchSection(section)
  if (match?.definition.libbpf === undefined) return undefined
  const { type, attachType, sleepable, attachedBy, libbpf } = match.definition
  return {
    minor: libbpf,
    type: progTypes.findIndex((name) => name.toUpperCase() === type),
    attachType: (attachType && attachTypeNumbers.get(attachType)) ?? 0,
    ...(sleepable && { sleepable }),
    ...(attachedBy === 'libbpf' && match.target !== undefined && { attaches: true }),
  }
}
