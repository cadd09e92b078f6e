import {
  BPF_F_ALLOW_MULTI,
  BPF_F_ALLOW_OVERRIDE,
  BPF_F_PREORDER,
  BPF_F_REPLACE,
} from '../../uapi/attach-flags.ts'
import { withDirectory } from '../descriptors/path.ts'
import { constantOf } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { EBADF } from '../host/errno.ts'
import { kernelLink } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { cgroupLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import type { NativeLink } from '../links/native.ts'
import { progAttachLink } from '../links/prog-attach.ts'
import type { AnchorOptions } from './anchor.ts'
import { anchorNames, anchorOf, anchorTail } from './anchor.ts'
import type { AttachNeed } from './needed-capabilities.ts'
import { cgroupSkb } from './needed-capabilities.ts'
import { PacketProgram } from './packet.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import { trampolineAdvice } from './trampoline.ts'

export type CgroupMode = 'multi' | 'override' | 'exclusive'

/** What programs of child cgroups may do: run too, run instead, or nothing. */
const modes: Readonly<Record<CgroupMode, number>> = {
  multi: BPF_F_ALLOW_MULTI,
  override: BPF_F_ALLOW_OVERRIDE,
  exclusive: 0,
}
const orderSince =
  'preorder needs Linux 6.15; before and after need 6.16, and a link (with mode, a program that was attached with mode)'

/** `before` and `after` need Linux 6.16 and name a link; with `mode`, a program that was attached with `mode`. */
export interface CgroupOptions extends AnchorOptions {
  /** Runs before the programs of child cgroups, not after them. Needs Linux 6.15. */
  preorder?: boolean | undefined
  /**
   * Attaches without a kernel link: the program stays after the process ends, unless the link is destroyed. Programs of
   * child cgroups run too (`multi`), run instead (`override`), or cannot be attached (`exclusive`). By default the kernel
   * makes a link, and other programs may be attached beside it.
   */
  mode?: CgroupMode | undefined
  /** Replaces this program, which was attached with `mode: 'multi'`. Implies that mode. */
  replace?: Program | undefined
}

/** BPF_PROG_TYPE_CGROUP_*, SOCK_OPS, and LSM of cgroups. */
export class CgroupProgram extends Program {
  /** @param cgroup the cgroup's directory in cgroup2, or a descriptor of it */
  attachCgroup(cgroup: string | number, options: CgroupOptions = {}): Link {
    return this.adopt(attachCgroup(this, cgroup, options))
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    return this.loadAdvice(attempt.errno) ?? super.advice(attempt)
  }

  /** @internal */
  override loadAdvice(errno: number): string | undefined {
    return trampolineAdvice(this.section, errno)
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return cgroupLinks
  }
}

/** BPF_PROG_TYPE_CGROUP_SKB. */
export class CgroupSkbProgram extends PacketProgram {
  /** @param cgroup the cgroup's directory in cgroup2, or a descriptor of it */
  attachCgroup(cgroup: string | number, options: CgroupOptions = {}): Link {
    return this.adopt(attachCgroup(this, cgroup, options, cgroupSkb))
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return cgroupLinks
  }
}

function attachCgroup(
  program: Program,
  cgroup: string | number,
  options: CgroupOptions,
  need?: AttachNeed,
): NativeLink {
  requireKnownOptions('attachCgroup()', options, [...anchorNames, 'preorder', 'mode', 'replace'])
  const { replace, mode = replace && 'multi' } = options
  const words = `attach to cgroup ${cgroup}`
  const operation = need ? { words, need } : words
  const anchor = anchorOf('attachCgroup()', options)
  const flags = anchor.flags | (options.preorder ? BPF_F_PREORDER : 0)
  return withDirectory(cgroup, (target) => {
    const hints = {
      [EBADF]: `${cgroup} is not a directory of cgroup2: \`mount -t cgroup2\` shows where that is mounted`,
    }
    const to = { target, attachType: program.expectedAttachType, hints }
    if (mode === undefined) {
      const since = flags === 0 ? undefined : orderSince
      return kernelLink(program, operation, {
        ...to,
        flags,
        writeTypeFields: anchorTail(anchor),
        requirement: since,
      })
    }
    const all = flags | constantOf('mode', modes, mode) | (replace ? BPF_F_REPLACE : 0)
    return progAttachLink(program, operation, { ...to, flags: all, anchor, replace })
  })
}
