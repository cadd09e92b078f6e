import { withDirectory } from '../descriptors/path.ts'
import { EBADF } from '../host/errno.ts'
import { DescriptorArray } from './descriptor-array.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { descriptorValues } from './requirements.ts'

/** CGROUP_ARRAY: cgroups for bpf_current_task_under_cgroup() and its like. */
export class CgroupArray extends DescriptorArray {
  /** @param cgroup its directory in cgroup2, or a descriptor of it */
  set(index: number, cgroup: string | number): this {
    const handle = handleOf(this)
    handle.advice = (errno) =>
      errno === EBADF
        ? `${cgroup} is no directory of cgroup2, whose place \`mount -t cgroup2\` shows: /sys/fs/cgroup, or /sys/fs/cgroup/unified`
        : undefined
    return withDirectory(cgroup, (fd) => this.fill(index, fd))
  }
}

export function cgroupArray(): MapKind<CgroupArray> {
  return { requires: descriptorValues, create: (handle) => new CgroupArray(handle) }
}
