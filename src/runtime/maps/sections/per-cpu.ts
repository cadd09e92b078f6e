import { Memory } from '../../../codec/intrinsics.ts'
import { readOnlyMemory } from '../../../codec/memory.ts'
import { stateError } from '../../host/error.ts'
import type { MapHandle } from '../handle.ts'
import type { LoadedMemory } from './section.ts'

/** Returns the initial values of a `.percpu` section. Each CPU's current values are in the map. */
export function perCpuImage(
  map: MapHandle,
  title: string,
  image: DataView | undefined,
): LoadedMemory {
  const advice = `each CPU has its own values once loaded; they are in maps.${map.name}.get(0)`
  const memory = image ?? new Memory(new ArrayBuffer(0))
  return { memory: readOnlyMemory(memory, () => stateError('write to', title, advice)) }
}
