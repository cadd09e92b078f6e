import { BPF_XDP } from '../../uapi/attach-type.ts'
import { constantOf } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { EBUSY, EEXIST, EOPNOTSUPP } from '../host/errno.ts'
import { kernelLink } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { xdpLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { indexOfInterface } from './interface-index.ts'
import { PacketProgram } from './packet.ts'

/** `native` runs in the driver, `generic` after any driver, `offload` on the network card. */
export type XdpMode = 'native' | 'generic' | 'offload'

/** linux/if_link.h: XDP_FLAGS_SKB_MODE, XDP_FLAGS_DRV_MODE, XDP_FLAGS_HW_MODE. */
const modes: Record<XdpMode, number> = { generic: 1 << 1, native: 1 << 2, offload: 1 << 3 }

const occupiedHint = 'The interface already has a program: destroy its link, or update() it'

/** BPF_PROG_TYPE_XDP. */
export class XdpProgram extends PacketProgram {
  /**
   * @param device the name or index of a network interface
   * @param options.mode default: native where the driver can, else generic
   */
  attachXdp(device: string | number, options: { mode?: XdpMode | undefined } = {}): Link {
    requireKnownOptions('attachXdp()', options, ['mode'])
    const { mode } = options
    const flags = mode === undefined ? 0 : constantOf('mode', modes, mode)
    const operation = `attach to ${device}${mode ? ` in ${mode} mode` : ''}`
    const target = indexOfInterface(device)
    const hints = {
      [EBUSY]: occupiedHint,
      [EEXIST]: occupiedHint,
      [EOPNOTSUPP]: `The driver of ${device} has no ${mode ?? 'such'} mode: leave mode out, or use generic`,
    }
    return this.adopt(kernelLink(this, operation, { target, attachType: BPF_XDP, flags, hints }))
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return xdpLinks
  }
}
