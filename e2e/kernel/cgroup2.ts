import { existsSync } from 'node:fs'

/** Where the one hierarchy of cgroups is mounted; undefined where it is not. */
export const cgroup2: string | undefined = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(
  (path) => existsSync(`${path}/cgroup.controllers`),
)
