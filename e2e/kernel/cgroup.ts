import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'

import { onTestFinished } from 'vitest'

/** Where cgroup2 is mounted. */
export const cgroupRoot: string | undefined = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'].find(
  (path) => existsSync(`${path}/cgroup.controllers`),
)

let count = 0

/** A cgroup of the test's own, removed with it. @param parent the root by default */
export function makeCgroup(parent: string = cgroupRoot ?? ''): string {
  const path = `${parent}/unplugin-bpf-test-${process.pid}-${count++}`
  mkdirSync(path)
  onTestFinished(() => rmdirSync(path))
  return path
}

/** Puts this process, which runs one test file alone, into a cgroup until the test ends. */
export function enterCgroup(path: string): void {
  const [, before = '/'] = /^0::(.*)$/m.exec(readFileSync('/proc/self/cgroup', 'utf8')) ?? []
  writeFileSync(`${path}/cgroup.procs`, String(process.pid))
  onTestFinished(() => writeFileSync(`${cgroupRoot}${before}/cgroup.procs`, String(process.pid)))
}
