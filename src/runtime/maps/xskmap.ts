import { socketDescriptor } from '../descriptors/socket.ts'
import type { MapKind } from './map.ts'
import { ofDescriptors } from './requirements.ts'
import { Slots } from './slots.ts'

/** XSKMAP: where bpf_redirect_map() hands packets to AF_XDP sockets, by queue. */
export class XskMap extends Slots {
  /** @param fd of an AF_XDP socket */
  set(queue: number, fd: number): this {
    return this.fill(queue, socketDescriptor(fd, 'set an element of an XSKMAP'))
  }

  /** Empties a slot; of this kind the kernel does not say whether something was in it. */
  override delete(queue: number): boolean {
    return queue < this.maxEntries && super.delete(queue)
  }
}

export function xskMap(): MapKind<XskMap> {
  return { requires: ofDescriptors, create: (handle) => new XskMap(handle) }
}
