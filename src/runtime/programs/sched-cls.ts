import {
  BPF_NETKIT_PEER,
  BPF_NETKIT_PRIMARY,
  BPF_TCX_EGRESS,
  BPF_TCX_INGRESS,
} from '../../uapi/attach-type.ts'
import { constantOf } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { kernelLink } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { tcxLinks, netkitLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import type { AnchorOptions } from './anchor.ts'
import { anchorNames, anchorOf, anchorTail } from './anchor.ts'
import { indexOfInterface } from './interface-index.ts'
import { PacketProgram } from './packet.ts'
import type { TcOptions } from './tc.ts'
import { attachTc } from './tc.ts'

export type Direction = 'ingress' | 'egress'
export type NetkitSide = 'primary' | 'peer'

const tcxTypes: Readonly<Record<Direction, number>> = {
  ingress: BPF_TCX_INGRESS,
  egress: BPF_TCX_EGRESS,
}
const netkitTypes: Readonly<Record<NetkitSide, number>> = {
  primary: BPF_NETKIT_PRIMARY,
  peer: BPF_NETKIT_PEER,
}

/** BPF_PROG_TYPE_SCHED_CLS: tc, tcx and netkit. */
export class SchedClsProgram extends PacketProgram {
  /**
   * Attaches by tcx, beside other programs and without a queueing discipline. Needs Linux 6.6.
   * @param device the name or index of a network interface
   * @param direction default: that of `SEC("tcx/ingress")` or `SEC("tcx/egress")`
   */
  attachTcx(device: string | number, direction: Direction, options?: AnchorOptions): Link
  attachTcx(device: string | number, options?: AnchorOptions): Link
  attachTcx(
    device: string | number,
    direction?: Direction | AnchorOptions,
    options?: AnchorOptions,
  ): Link {
    const since = 'tcx needs Linux 6.6: use attachTc() on older kernels'
    return this.#attach('attachTcx', device, tcxTypes, direction, options, since)
  }

  /**
   * Attaches to a netkit pair. Needs Linux 6.7.
   * @param device the name or index of the primary interface of the pair
   * @param side default: that of `SEC("netkit/primary")` or `SEC("netkit/peer")`
   */
  attachNetkit(device: string | number, side: NetkitSide, options?: AnchorOptions): Link
  attachNetkit(device: string | number, options?: AnchorOptions): Link
  attachNetkit(
    device: string | number,
    side?: NetkitSide | AnchorOptions,
    options?: AnchorOptions,
  ): Link {
    const since = 'netkit needs Linux 6.7 and the primary interface of a netkit pair'
    return this.#attach('attachNetkit', device, netkitTypes, side, options, since)
  }

  /**
   * Attaches as a filter of the interface's clsact queueing discipline, which is created for it and removed with the last
   * filter. The kernel has no link for it: the filter stays after the process ends, unless the link is destroyed.
   * @param device the name or index of a network interface
   * @param direction default: that of `SEC("tc/ingress")` or `SEC("tc/egress")`
   */
  attachTc(device: string | number, direction: Direction, options?: TcOptions): Link
  attachTc(device: string | number, options?: TcOptions): Link
  attachTc(device: string | number, direction?: Direction | TcOptions, options?: TcOptions): Link {
    const [side, opts] = this.#sideAndOptions<Direction, TcOptions>(
      'attachTc',
      tcxTypes,
      direction,
      options,
    )
    return this.adopt(attachTc(this, device, side, opts))
  }

  #attach<S extends string>(
    method: string,
    device: string | number,
    types: Readonly<Record<S, number>>,
    place: S | AnchorOptions | undefined,
    more: AnchorOptions | undefined,
    since: string,
  ): Link {
    const [side, options] = this.#sideAndOptions(method, types, place, more)
    requireKnownOptions(`${method}()`, options, anchorNames)
    const anchor = anchorOf(`${method}()`, options)
    return this.adopt(
      kernelLink(this, `attach to ${side} of ${device}`, {
        target: indexOfInterface(device),
        attachType: types[side],
        requirement: since,
        flags: anchor.flags,
        writeTypeFields: anchorTail(anchor),
      }),
    )
  }

  /** Returns the given side and options; without a side, that of the section. */
  #sideAndOptions<S extends string, O extends object>(
    method: string,
    types: Readonly<Record<S, number>>,
    place: S | O | undefined,
    options: O | undefined,
  ): [side: S, options: O | Record<string, never>] {
    if (typeof place === 'string') {
      constantOf(`argument 2 of ${method}()`, types, place)
      return [place, options ?? {}]
    }
    const sides = Object.keys(types) as S[]
    const side = sides.find((name) => types[name] === this.expectedAttachType)
    if (side === undefined) {
      throw new TypeError(
        `${method}() needs ${sides.map((side) => `'${side}'`).join(' or ')} as its second argument: SEC("${this.section}") names neither`,
      )
    }
    return [side, place ?? options ?? {}]
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return { ...tcxLinks, ...netkitLinks }
  }
}
