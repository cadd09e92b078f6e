import { BPF_F_RB_OVERWRITE } from '../../uapi/map-flags.ts'
import type { MappedRing } from './mapped-ring.ts'
import { OverwriteRing } from './overwrite-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import { Ring } from './ring.ts'

/** A map has one consumer position, whichever handles of it are open here. */
const ringsByMapId = new Map<number, MappedRing>()

/** Returns the ring of a loaded map, shared by all handles of it. @throws {BpfError} */
export function ringOf(handle: RingMapHandle, operation: string): MappedRing {
  const { id, flags } = handle.info(operation)
  let ring = ringsByMapId.get(id)
  if (!ring) {
    const RingClass = (flags & BPF_F_RB_OVERWRITE) === 0 ? Ring : OverwriteRing
    ring = new RingClass(handle, operation, () => ringsByMapId.delete(id))
    ringsByMapId.set(id, ring)
  }
  ring.addHandle(handle)
  return ring
}
