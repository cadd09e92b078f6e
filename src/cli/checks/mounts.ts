import { accessSync, constants, readFileSync } from 'node:fs'

import { type Check, check } from './check.ts'

interface FileSystem {
  readonly type: string
  /** The usual mount point. */
  readonly mountPoint: string
  readonly use: string
}

const fileSystems: readonly FileSystem[] = [
  { type: 'tracefs', mountPoint: '/sys/kernel/tracing', use: 'tracepoint and kprobe programs' },
  { type: 'bpf', mountPoint: '/sys/fs/bpf', use: 'pinning' },
  { type: 'cgroup2', mountPoint: '/sys/fs/cgroup', use: 'cgroup programs' },
]

export function mountChecks(): Check[] {
  return fileSystems.map(({ type, mountPoint, use }) => {
    const point = mounts().find((fields) => fields[2] === type)?.[1]
    const name = type === 'bpf' ? 'bpffs' : type
    if (point !== undefined && !isReadable(point)) {
      const todo = `as root: mount -o remount,mode=750,gid=GROUP ${point}, or run the agent as root`
      return check(name, false, `this user may not read ${point}: for ${use}`, todo)
    }
    const found = point ?? `not mounted: for ${use}`
    const todo = `as root: mount -t ${type} ${type} ${mountPoint}`
    return check(name, point !== undefined, found, todo)
  })
}

/** Returns the lines of /proc/mounts: device, mount point, type, options. */
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
