import { statSync } from 'node:fs'

import { BpfError } from '../error.ts'
import { tracefs, tracefsFailure } from '../tracefs.ts'

/**
 * Whether the kernel or one of its modules has a tracepoint, for `SEC("tp/category/name")`.
 * @param category `sched`
 * @param name `sched_process_exec`
 * @throws {BpfError} EACCES when only root may look; `ERR_BPF_UNSUPPORTED` where tracefs is not mounted
 */
export function tracepoint(category: string, name: string): boolean {
  for (const part of [category, name]) {
    if (!/^[\w-]+$/.test(part))
      throw new TypeError(`${JSON.stringify(part)} is no name of a tracepoint`)
  }
  const title = `tracepoint ${category}/${name}`
  try {
    return statSync(`${tracefs('look for', title)}/events/${category}/${name}`).isDirectory()
  } catch (cause) {
    if (cause instanceof BpfError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'ENOENT') return false
    throw tracefsFailure('look for', title, cause)
  }
}
