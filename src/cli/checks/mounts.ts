import { accessSync, constants, readFileSync } from 'node:fs'

import { type Check, check } from './check.ts'

interface FileSystem {
  readonly type: string
  /** Where it is found when mounted by hand. */
  readonly place: string
  readonly use: string
}

const fileSystems: readonly FileSystem[] = [
  { type: 'tracefs', place: '/sys/kernel/tracing', use: 'tracepoint and kprobe programs' },
  { type: 'bpf', place: '/sys/fs/bpf', use: 'pinning' },
  { type: 'cgroup2', place: '/sys/fs/cgroup', use: 'cgroup programs' },
]

export function mountChecks(): Check[] {
  return fileSystems.map(({ type, place, use }) => {
    const point = mounts().find((fields) => fields[2] === type)?.[1]
    const name = type === 'bpf' ? 'bpffs' : type
    if (point !== undefined && !isReadable(point)) {
      const todo = `as root: mount -o remount,mode=750,gid=GROUP ${point}, or run the agent as root`
      return check(name, false, `${point} is not this user's to read: for ${use}`, todo)
    }
    const found = point ?? `not mounted: for ${use}`
    const todo = `as root: mount -t ${type} ${type} ${place}`
    return check(name, point !== undefined, found, todo)
  })
}

/** The lines of /proc/mounts: device, mount point, type, options. */
function mounts(): string[][] {
  if (process.platform !== 'linux') return []
  const lines = readFileSync('/proc/mounts', 'utf8').split('\n')
  return lines.map((line) => line.split(' '))
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
