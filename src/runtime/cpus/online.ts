import { readFileSync } from 'node:fs'

/** Numbers of the CPUs that are online: `0-3,8` in the kernel's words. */
export function onlineCpus(): number[] {
  const ranges = readFileSync('/sys/devices/system/cpu/online', 'utf8').trim().split(',')
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
