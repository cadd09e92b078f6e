import { socketDescriptor } from '../descriptors/socket.ts'
import { DescriptorArray } from './descriptor-array.ts'
import type { MapKind } from './map.ts'
import { descriptorValues } from './requirements.ts'

/** XSKMAP: AF_XDP sockets by queue, to which bpf_redirect_map() sends packets. */
export class XskMap extends DescriptorArray {
  /** Fills a slot. @param fd a descriptor of an AF_XDP socket */
  set(queue: number, fd: number): this {
    return this.fill(queue, socketDescriptor(fd, 'set an element of an XSKMAP'))
  }

  /** Empties a slot. @returns true for every slot: the kernel does not tell whether it was full */
  override delete(queue: number): boolean {
    return queue < this.maxEntries && super.delete(queue)
  }
}

export function xskMap(): MapKind<XskMap> {
  return { requires: descriptorValues, create: (handle) => new XskMap(handle) }
}
