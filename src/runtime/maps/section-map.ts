import { BPF_F_MMAPABLE } from '../../uapi/map-flags.ts'
import { bpf_map__map_flags, bpf_map__set_map_flags } from '../ffi/object.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { dataMemory } from './sections/data.ts'
import { Section } from './sections/section.ts'

/** The map behind a data section. Setting `valueSize` gives the section's last array another length: needs libbpf 1.3. */
export interface SectionMap extends BpfMap {}

/**
 * @param isMappable false when the kernel keeps fields of it to itself (bpf_spin_lock): it would refuse to map them, and
 * newer libbpfs would not load
 */
export function sectionMap(section: string, isMappable = true): MapKind<SectionMap> {
  return {
    section,
    create(handle) {
      if (!isMappable) {
        bpf_map__set_map_flags(handle.pointer, bpf_map__map_flags(handle.pointer) & ~BPF_F_MMAPABLE)
      }
      return new BpfMap(handle)
    },
    variables: (handle, layout) => new Section(handle, layout, section, dataMemory),
  }
}
