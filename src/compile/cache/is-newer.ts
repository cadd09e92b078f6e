import { statSync } from 'node:fs'

/** Whether one of the files was written, or deleted, since a time of Date.now(): whole milliseconds. */
export function isNewer(files: readonly string[], time: number): boolean {
  return files.some((file) => {
    const status = statSync(file, { throwIfNoEntry: false })
    return status === undefined || Math.floor(status.mtimeMs) > time
  })
}
