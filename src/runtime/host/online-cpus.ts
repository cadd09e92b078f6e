import { readText, statOf } from './files.ts'

const folder = '/sys/devices/system/cpu'

/** Numbers of the CPUs that are online: `0-3,8` in the kernel's words. */
export function onlineCpus(): number[] {
  const ranges = readText(`${folder}/online`).trim().split(',')
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}

/**
 * A number that is another one after a CPU was offline, however short (all but one are while a machine sleeps): the
 * kernel makes this folder anew (drivers/base/topology.c).
 */
export function cpuGeneration(cpu: number): number {
  try {
    return statOf(`${folder}/cpu${cpu}/topology`).ino
  } catch {
    return 0
  }
}
