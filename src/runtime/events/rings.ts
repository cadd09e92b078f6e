import type { MappedRing } from './mapped-ring.ts'
import { OverwriteRing } from './overwrite-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import { Ring } from './ring.ts'

/** linux/bpf.h: a full ring buffer overwrites its oldest records. */
export const BPF_F_RB_OVERWRITE: number = 1 << 19

/** By map id: whoever opened a map, its consumer position is one. */
const rings = new Map<number, MappedRing>()

/** The ring of a loaded map, shared by all handles of it. */
export function ringOf(handle: RingMapHandle, operation: string): MappedRing {
  const { id, flags } = handle.info(operation)
  let ring = rings.get(id)
  if (!ring) {
    const Kind = (flags & BPF_F_RB_OVERWRITE) === 0 ? Ring : OverwriteRing
    ring = new Kind(handle, operation, () => rings.delete(id))
    rings.set(id, ring)
  }
  ring.adopt(handle)
  return ring
}
