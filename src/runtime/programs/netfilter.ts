import { BPF_F_NETFILTER_IP_DEFRAG } from '../../uapi/attach-flags.ts'
import { BPF_NETFILTER } from '../../uapi/attach-type.ts'
import { constantOf } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { kernelLink, typeFieldsOffset } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { netfilterLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { PacketProgram } from './packet.ts'

/** linux/netfilter.h: NFPROTO_, enum nf_inet_hooks. */
const families = { ipv4: 2, ipv6: 10 } as const
const hooks = { pre_routing: 0, local_in: 1, forward: 2, local_out: 3, post_routing: 4 } as const

export interface NetfilterOptions {
  pf: keyof typeof families
  hooknum: keyof typeof hooks
  /** Lower runs earlier. It must be unused at the hook, and neither the lowest nor the highest 32-bit number. */
  priority: number
  /** Reassembles fragments first. Needs Linux 6.6 and a priority above -400. */
  defrag?: boolean | undefined
}

/** BPF_PROG_TYPE_NETFILTER. Needs Linux 6.4. */
export class NetfilterProgram extends PacketProgram {
  /** Attaches to a hook of this process's network namespace. */
  attachNetfilter(options: NetfilterOptions): Link {
    requireKnownOptions('attachNetfilter()', options, ['pf', 'hooknum', 'priority', 'defrag'])
    const { pf, hooknum, priority } = options
    const family = constantOf('pf', families, pf)
    const hook = constantOf('hooknum', hooks, hooknum)
    if (typeof priority !== 'number' || (priority | 0) !== priority) {
      throw new RangeError(`priority must be a signed 32-bit integer, not ${priority}`)
    }
    const link = kernelLink(this, `attach to ${hooknum} of ${pf}`, {
      target: 0,
      attachType: BPF_NETFILTER,
      requirement: 'Netfilter programs need Linux 6.4',
      // union bpf_attr.link_create.netfilter: pf, hooknum, priority, flags.
      writeTypeFields({ data }) {
        data.setUint32(typeFieldsOffset, family, true)
        data.setUint32(typeFieldsOffset + 4, hook, true)
        data.setInt32(typeFieldsOffset + 8, priority, true)
        data.setUint32(typeFieldsOffset + 12, options.defrag ? BPF_F_NETFILTER_IP_DEFRAG : 0, true)
      },
    })
    return this.adopt(link)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return netfilterLinks
  }
}
