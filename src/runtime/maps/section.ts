import { dataMemory } from '../sections/data.ts'
import { Section } from '../sections/section.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'

/** The map behind a data section. Setting `valueSize` gives the section's last array another length: needs libbpf 1.3. */
export interface SectionMap extends BpfMap {}

export function sectionMap(section: string): MapKind<SectionMap> {
  return {
    section,
    create: (handle) => new BpfMap(handle),
    variables: (handle, layout) => new Section(handle, layout, section, dataMemory),
  }
}
