import { hasCoreRelocations } from '../btf/ext.ts'
import type { BpfObject } from '../object/object.ts'
import { SHN_UNDEF } from '../uapi/elf.ts'

/** Returns the names of the runtime's explanations of failed loads that the object may need. */
export function explanationsFor({ elf }: BpfObject): string[] {
  const hasExterns = elf.symbols.some(({ name, section }) => name !== '' && section === SHN_UNDEF)
  return [
    ...(hasCoreRelocations(elf) ? ['coreExplanations'] : []),
    ...(hasExterns ? ['externExplanations'] : []),
  ]
}
