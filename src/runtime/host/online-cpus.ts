import { readText, statOf } from './files.ts'

const folder = '/sys/devices/system/cpu'

/** Lists the numbers of the CPUs that are online. The kernel writes them as `0-3,8`. */
export function onlineCpus(): number[] {
  const ranges = readText(`${folder}/online`).trim().split(',')
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/**
 * Returns a number that changes when a CPU goes offline and online again, as all but one do while a machine sleeps: the
 * inode of a folder that the kernel then makes anew (drivers/base/topology.c).
 */
export function cpuGeneration(cpu: number): number {
  try {
    return statOf(`${folder}/cpu${cpu}/topology`).ino
  } catch {
    return 0
  }
}
