import { readText } from '../files.ts'

/** Numbers of the CPUs that are online: `0-3,8` in the kernel's words. */
export function onlineCpus(): number[] {
  const ranges = readText('/sys/devices/system/cpu/online').trim().split(',')
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
