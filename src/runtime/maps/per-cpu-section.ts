import type { CompositeLayout } from '../codec/layout.ts'
import { perCpuImage } from '../sections/per-cpu.ts'
import { Section } from '../sections/section.ts'
import type { MapKind } from './map.ts'
import { PerCpuArray } from './per-cpu.ts'

/** The map behind a `.percpu` section: element 0 is an array of its variables, one of each possible CPU. */
export function perCpuSectionMap<V = unknown>(
  section: string,
  value?: CompositeLayout,
): MapKind<PerCpuArray<V>> {
  return {
    section,
    needs: { minor: 8, what: `SEC("${section}")` },
    create: (handle) => new PerCpuArray(handle, { value }),
    variables: (handle, layout) => new Section(handle, layout, section, perCpuImage),
  }
}
