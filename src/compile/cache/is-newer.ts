import { statSync } from 'node:fs'

/** Whether any of the files was written or deleted since `time`, a value of Date.now(). */
export function isNewer(files: readonly string[], time: number): boolean {
  return files.some((file) => {
    const status = statSync(file, { throwIfNoEntry: false })
    return status === undefined || Math.floor(status.mtimeMs) > time
  })
}
