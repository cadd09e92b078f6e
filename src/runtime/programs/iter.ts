import type { Integer } from '../../codec/input.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import { withDirectory } from '../descriptors/path.ts'
import { constantOf, uint32, uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch } from '../ffi/memory.ts'
import { EBADF } from '../host/errno.ts'
import { linkByLibbpf } from '../links/create.ts'
import { iterLinks } from '../links/info.ts'
import { IterLink } from '../links/iter-link.ts'
import type { NativeLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import { btfTargetAdvice } from './attach-targets.ts'
import type { FailedAttach } from './program.ts'
import { Program } from './program.ts'
import { handleOf } from './settings.ts'

const bpf_program__attach_iter = fromLibbpf('ptr bpf_program__attach_iter(ptr, ptr)')

/** linux/bpf.h: enum bpf_cgroup_iter_order, less BPF_CGROUP_ITER_. */
const orders = {
  self_only: 1,
  descendants_pre: 2,
  descendants_post: 3,
  ancestors_up: 4,
  children: 5,
} as const

/** What to walk, by the kind of iterator. Most take no options. */
export interface IterOptions {
  /** For map iterators: the map, or a descriptor of it. */
  map?: { readonly fd: number } | number | undefined
  /** For cgroup iterators: the cgroup's directory, or a descriptor of it. Default: the root of cgroup2. Needs Linux 6.1. */
  cgroup?: string | number | undefined
  /** For cgroup iterators, instead of `cgroup`: its id, `statSync(directory).ino`. */
  cgroupId?: Integer | undefined
  /** For cgroup iterators: the order of the walk from that cgroup. Default: `descendants_pre`. */
  order?: keyof typeof orders | undefined
  /** For task iterators: only this thread. Needs Linux 6.1. */
  tid?: number | undefined
  /** For task iterators: only the threads of this process. Needs Linux 6.1. */
  pid?: number | 'self' | undefined
}

/** BPF_PROG_TYPE_TRACING of `SEC("iter/…")`: prints what it walks over whenever its link is read. */
export class IterProgram extends Program {
  override attach(): IterLink {
    return super.attach() as IterLink
  }

  attachIter(options: IterOptions = {}): IterLink {
    requireKnownOptions('attachIter()', options, [
      'map',
      'cgroup',
      'cgroupId',
      'order',
      'tid',
      'pid',
    ])
    const { cgroup } = options
    const attach = (cgroupFd: number): IterLink => {
      const info = linkInfo(options, cgroupFd)
      // struct bpf_iter_attach_opts: sz, link_info, link_info_len.
      const opts = attachOptions(24)
      opts.point(8, info)
      opts.data.setUint32(16, info?.size ?? 0, true)
      return this.adopt(linkByLibbpf(this, 'attach', bpf_program__attach_iter, opts))
    }
    return cgroup === undefined ? attach(0) : withDirectory(cgroup, attach)
  }

  /** @internal */
  override adopt(native: NativeLink): IterLink {
    return super.adopt(native) as IterLink
  }

  /** @internal */
  protected override makeLink(native: NativeLink): IterLink {
    return new IterLink(handleOf(this).links, this.title, native, iterLinks)
  }

  /** @internal */
  override loadAdvice(_errno: number, log = ''): string | undefined {
    return btfTargetAdvice(this.section, log)
  }

  /** @internal */
  override advice(attempt: FailedAttach): string | undefined {
    return attempt.errno === EBADF && this.section.includes('map')
      ? 'Say which map: attachIter({ map })'
      : super.advice(attempt)
  }
}

/** Makes a union bpf_iter_link_info; undefined without options. */
function linkInfo(options: IterOptions, cgroupFd: number): Scratch | undefined {
  const { map, cgroup, cgroupId, order, tid, pid } = options
  const info = scratch(16)
  if (map !== undefined) {
    info.data.setUint32(0, descriptor(map, 'attachIter() takes a map'), true)
  } else if (cgroup !== undefined || cgroupId !== undefined || order !== undefined) {
    info.data.setUint32(0, constantOf('order', orders, order ?? 'descendants_pre'), true)
    info.data.setUint32(4, cgroupFd, true)
    info.data.setBigUint64(8, uint64('cgroupId', cgroupId ?? 0), true)
  } else if (tid !== undefined || pid !== undefined) {
    if (tid !== undefined && pid !== undefined) {
      throw new TypeError(
        'attachIter() takes the pid of a process or the tid of a thread, not both',
      )
    }
    info.data.setUint32(0, uint32('tid', tid ?? 0), true)
    info.data.setUint32(4, pid === 'self' ? process.pid : uint32('pid', pid ?? 0), true)
  } else {
    return undefined
  }
  return info
}
