import { ENOENT } from '../host/errno.ts'
import { errnoOf, statOf } from '../host/files.ts'
import { tracefs, tracefsFailure } from '../host/tracefs.ts'

/**
 * Returns whether the kernel or one of its modules has a tracepoint, for `SEC("tp/category/name")`.
 * @param category `sched`
 * @param name `sched_process_exec`
 * @throws {BpfError} EACCES when only root may read tracefs; `ERR_BPF_UNSUPPORTED` where tracefs is not mounted
 */
export function tracepoint(category: string, name: string): boolean {
  for (const part of [category, name]) {
    if (!/^[\w-]+$/.test(part))
      throw new TypeError(
        `${JSON.stringify(part)} cannot be the category or name of a tracepoint: letters, digits, _ and - make them up`,
      )
  }
  const title = `tracepoint ${category}/${name}`
  const folder = `${tracefs('look for', title)}/events/${category}/${name}`
  try {
    return statOf(folder).isDirectory()
  } catch (cause) {
    if (errnoOf(cause) === ENOENT) return false
    throw tracefsFailure('look for', title, cause)
  }
}
