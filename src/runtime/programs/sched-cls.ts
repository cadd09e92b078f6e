import type { Capability } from '../capabilities.ts'
import { requireKnown } from '../known-options.ts'
import { createLink } from '../links/create.ts'
import type { Link } from '../links/link.ts'
import { indexOfInterface } from './interface.ts'
import { Program } from './program.ts'

/** linux/bpf.h: enum bpf_attach_type. */
const tcxTypes = { ingress: 46, egress: 47 } as const
const netkitTypes = { primary: 54, peer: 55 } as const
/** BPF_F_BEFORE, BPF_F_AFTER, BPF_F_ID, BPF_F_LINK. */
const before = 1 << 3
const after = 1 << 4
const byLink = 1 << 13

export interface TcxOptions {
  /** Runs just before the program of this link; first of all when it is null. */
  before?: Link | null
  /** Runs just after the program of this link; last of all when it is null. */
  after?: Link | null
}

/** SCHED_CLS: tc, tcx and netkit. */
export class SchedClsProgram extends Program {
  /** Kernel 6.6. @param device name or index of a network interface */
  attachTcx(
    device: string | number,
    direction: 'ingress' | 'egress',
    options: TcxOptions = {},
  ): Link {
    return this.#attach('attachTcx', device, tcxTypes, direction, options)
  }

  /** Kernel 6.7. @param device name or index of a netkit interface, of which `peer` is the other end */
  attachNetkit(device: string | number, side: 'primary' | 'peer', options: TcxOptions = {}): Link {
    return this.#attach('attachNetkit', device, netkitTypes, side, options)
  }

  override get capabilities(): readonly Capability[] {
    return ['CAP_BPF', 'CAP_NET_ADMIN']
  }

  #attach<S extends string>(
    method: string,
    device: string | number,
    types: Readonly<Record<S, number>>,
    side: S,
    options: TcxOptions,
  ): Link {
    requireKnown(`${method}()`, options, ['before', 'after'])
    const attachType = types[side]
    if (attachType === undefined) {
      throw new TypeError(`${method}() attaches to ${Object.keys(types).join(' or ')}, not ${side}`)
    }
    if (options.before !== undefined && options.after !== undefined) {
      throw new TypeError(`${method}() takes before or after, not both`)
    }
    const relative = options.before ?? options.after
    const order = options.before !== undefined ? before : options.after !== undefined ? after : 0
    return createLink(this, `attach to ${side} of ${device}`, {
      target: indexOfInterface(device),
      attachType,
      flags: order | (relative ? byLink : 0),
      // struct { relative_fd or relative_id; expected_revision }
      tail: (attr, offset) => attr.setUint32(offset, relative?.fd ?? 0, true),
    })
  }
}
