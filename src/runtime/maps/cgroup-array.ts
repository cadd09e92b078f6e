import { withDirectory } from '../descriptors/path.ts'
import { EBADF } from '../host/errno.ts'
import { DescriptorArray } from './descriptor-array.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { descriptorValues } from './requirements.ts'

/** CGROUP_ARRAY: cgroups by index, for bpf_current_task_under_cgroup() and bpf_skb_under_cgroup(). */
export class CgroupArray extends DescriptorArray {
  /** Fills a slot. @param cgroup the directory of a cgroup2, or a descriptor of it @throws {BpfError} */
  set(index: number, cgroup: string | number): this {
    const handle = handleOf(this)
    handle.advice = (errno) =>
      errno === EBADF
        ? `${cgroup} is not a directory of cgroup2. It is usually mounted at /sys/fs/cgroup or /sys/fs/cgroup/unified: see \`mount -t cgroup2\``
        : undefined
    return withDirectory(cgroup, (fd) => this.fill(index, fd))
  }
}

export function cgroupArray(): MapKind<CgroupArray> {
  return { requires: descriptorValues, create: (handle) => new CgroupArray(handle) }
}
