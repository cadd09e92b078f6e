import { BPF_F_MMAPABLE } from '../../uapi/map-flags.ts'
import { bpf_map__map_flags, bpf_map__set_map_flags } from '../ffi/object.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { dataMemory } from './sections/data.ts'
import { Section } from './sections/section.ts'

/** The map of a data section. Setting `valueSize` changes the length of the section's last array, and needs libbpf 1.3. */
export interface SectionMap extends BpfMap {}

/**
 * @param isMappable false when the section has fields that only the kernel may write (bpf_spin_lock): the kernel refuses to
 *   map it, and newer libbpfs then fail to load
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
