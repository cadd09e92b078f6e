import { socketDescriptor } from '../descriptors/socket.ts'
import { DescriptorArray } from './descriptor-array.ts'
import type { MapKind } from './map.ts'
import { descriptorValues } from './requirements.ts'

/** XSKMAP: where bpf_redirect_map() hands packets to AF_XDP sockets, by queue. */
export class XskMap extends DescriptorArray {
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
  return { requires: descriptorValues, create: (handle) => new XskMap(handle) }
}
