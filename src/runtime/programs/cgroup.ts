import { closeSync, openSync } from 'node:fs'

import type { Capability } from '../capabilities.ts'
import { fromLibbpf } from '../ffi/library.ts'
import type { Link } from '../links/link.ts'
import { Program } from './program.ts'

const bpf_program__attach_cgroup = fromLibbpf('bpf_program__attach_cgroup', 'uintptr_t', [
  'uintptr_t',
  'int',
])

/** The CGROUP_ types, SOCK_OPS and the like. */
export class CgroupProgram extends Program {
  /** @param cgroup its directory in cgroup2, or a descriptor of it */
  attachCgroup(cgroup: string | number): Link {
    return withDirectory(cgroup, (fd) =>
      this.link(`attach to cgroup ${cgroup}`, bpf_program__attach_cgroup, fd),
    )
  }

  override get capabilities(): readonly Capability[] {
    return ['CAP_BPF', 'CAP_NET_ADMIN']
  }
}

function withDirectory<R>(path: string | number, use: (fd: number) => R): R {
  if (typeof path === 'number') return use(path)
  const fd = openSync(path, 'r')
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}
