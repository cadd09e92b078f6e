import type { CompositeLayout } from '../../codec/layout.ts'
import { needsLibbpf } from './libbpf-need.ts'
import type { MapKind } from './map.ts'
import { PerCpuArray } from './per-cpu.ts'
import { perCpuImage } from './sections/per-cpu.ts'
import { Section } from './sections/section.ts'

/** The map of a `.percpu` section: element 0 is an array of its variables, one for each possible CPU. */
export function perCpuSectionMap<V = unknown>(
  section: string,
  value?: CompositeLayout,
): MapKind<PerCpuArray<V>> {
  return {
    section,
    ...needsLibbpf(8, `SEC("${section}")`),
    create: (handle) => new PerCpuArray(handle, { value }),
    variables: (handle, layout) => new Section(handle, layout, section, perCpuImage),
  }
}
