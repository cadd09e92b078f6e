import { descriptor } from '../descriptors/descriptor.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { kernelLink } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { sockmapLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { progAttachLink } from '../links/prog-attach.ts'
import { Program } from './program.ts'

/** BPF_PROG_TYPE_SK_SKB and SK_MSG: run on what the sockets of a map receive or send. */
export class SockmapProgram extends Program {
  /**
   * Attaches to a socket map: by a kernel link since Linux 6.10. On older kernels the program stays after the process ends,
   * until the link is destroyed or the map is gone.
   * @param map a sockmap or sockhash, or a descriptor of it
   */
  attachSockmap(map: { readonly fd: number; readonly name?: string | undefined } | number): Link {
    const target = descriptor(map, 'attachSockmap() takes a socket map')
    const operation = `attach to socket map ${typeof map === 'number' ? map : (map.name ?? target)}`
    const attachType = this.expectedAttachType
    if (attachType === 0) {
      const hint =
        'Name the attach type: SEC("sk_skb/stream_verdict"), or expectedAttachType before load()'
      throw this.failure(operation, EINVAL, '', hint)
    }
    return this.adopt(this.#attach(operation, { target, attachType }))
  }

  #attach(operation: string, to: { target: number; attachType: number }): NativeLink {
    try {
      return kernelLink(this, operation, to)
    } catch (error) {
      if (!(error instanceof BpfError) || error.errno !== EINVAL) throw error
      return progAttachLink(this, operation, to)
    }
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return sockmapLinks
  }
}
