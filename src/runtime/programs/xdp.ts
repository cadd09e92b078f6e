import type { Capability } from '../capabilities.ts'
import { requireKnown } from '../known-options.ts'
import { createLink } from '../links/create.ts'
import type { Link } from '../links/link.ts'
import { indexOfInterface } from './interface.ts'
import { Program } from './program.ts'

/** `native`: in the driver; `generic`: after it, any driver; `offload`: on the card. */
export type XdpMode = 'native' | 'generic' | 'offload'

/** linux/if_link.h: XDP_FLAGS_*. */
const modes: Record<XdpMode, number> = { generic: 1 << 1, native: 1 << 2, offload: 1 << 3 }

/** linux/bpf.h: BPF_XDP. */
const attachType = 37

/** XDP. */
export class XdpProgram extends Program {
  /**
   * @param device name or index of a network interface
   * @param options.mode left out: native where the driver can, else generic
   */
  attachXdp(device: string | number, options: { mode?: XdpMode } = {}): Link {
    requireKnown('attachXdp()', options, ['mode'])
    const { mode } = options
    const flags = mode === undefined ? 0 : modes[mode]
    if (flags === undefined) {
      throw new TypeError(`mode is one of ${Object.keys(modes).join(', ')}, not ${String(mode)}`)
    }
    const operation = `attach to ${device}${mode ? ` in ${mode} mode` : ''}`
    return createLink(this, operation, { target: indexOfInterface(device), attachType, flags })
  }

  override get capabilities(): readonly Capability[] {
    return ['CAP_BPF', 'CAP_NET_ADMIN']
  }
}
