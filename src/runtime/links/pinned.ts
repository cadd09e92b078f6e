import { BPF_OBJ_GET, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { cString, struct, reachabilityFence } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { readLink } from '../host/files.ts'
import { KeepAlive } from '../lifetime/keep-alive.ts'
import { Lifecycle } from '../lifetime/lifecycle.ts'
import * as layouts from './info.ts'
import { Link as AnyLink, LinkOwner } from './link.ts'
import { descriptorLink } from './native.ts'

/** The attachment of a program or of a struct_ops map. It lasts until it is destroyed. */
export interface Link extends AnyLink {}

export interface PinnedLinks {
  /**
   * Opens the link that is pinned to a path. It belongs to no skeleton and does not keep the process running. After
   * `destroy()` the program stays attached until the link is unpinned.
   * @throws {BpfError} EINVAL when something else is pinned there
   */
  open(path: string): Link
  /** `link instanceof Link` */
  [Symbol.hasInstance](value: unknown): value is Link
}

export const Link: PinnedLinks = /*#__PURE__*/ Object.freeze({
  open(path: string): Link {
    // union bpf_attr of BPF_OBJ_GET: pathname.
    const attr = struct(16)
    attr.point(0, cString(path))
    const fd = bpf(BPF_OBJ_GET, attr)
    reachabilityFence(attr)
    const failed = { operation: 'open', object: `the link ${path}` }
    if (fd < 0) throw new BpfError({ ...failed, errno: -fd, hint: privilegeHint(-fd) })
    if (!/bpf.link/.test(readLink(`/proc/self/fd/${fd}`))) {
      close(fd)
      const reason = 'a map or a program is pinned there'
      throw new BpfError({ ...failed, reason, errno: EINVAL })
    }
    const keepAlive = new KeepAlive()
    keepAlive.unref()
    const owner = new LinkOwner(new Lifecycle(path), keepAlive)
    return new AnyLink(owner, path, descriptorLink(fd, path), allInfoLayouts())
  },
  [Symbol.hasInstance]: (value: unknown): value is Link => value instanceof AnyLink,
})

function allInfoLayouts(): layouts.LinkInfoLayouts {
  return {
    ...layouts.rawTracepointLinks,
    ...layouts.tracingLinks,
    ...layouts.cgroupLinks,
    ...layouts.iterLinks,
    ...layouts.netnsLinks,
    ...layouts.xdpLinks,
    ...layouts.kprobeMultiLinks,
    ...layouts.structOpsLinks,
    ...layouts.netfilterLinks,
    ...layouts.tcxLinks,
    ...layouts.uprobeMultiLinks,
    ...layouts.netkitLinks,
    ...layouts.sockmapLinks,
    ...layouts.tracingMultiLinks,
    ...layouts.probeLinks,
    ...layouts.tracepointLinks,
    ...layouts.eventLinks,
  }
}
