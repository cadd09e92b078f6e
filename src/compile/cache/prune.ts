import { statSync, utimesSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const slack = 1.25

/**
 * Deletes all but the `maxFiles` most recently used files of a folder, once there are a quarter more: it takes longer than
 * the rest of a rebuild. Never fails, as other processes prune too.
 */
export async function prune(folder: string, maxFiles: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  if (names.length <= maxFiles * slack) return
  const files = await Promise.all(
    names.map(async (name) => {
      const file = join(folder, name)
      const used = await stat(file).then(
        ({ atimeMs }) => atimeMs,
        () => 0,
      )
      return { file, used }
    }),
  )
  const unused = files.toSorted((a, b) => b.used - a.used).slice(maxFiles)
  await Promise.all(unused.map(({ file }) => rm(file, { force: true }).catch(() => undefined)))
}

/**
 * Marks a file as used now: sets its access time, and leaves its modification time to memoiseByStat(). Does nothing in a
 * cache that is read-only.
 */
export function markUsed(file: string): void {
  try {
    utimesSync(file, new Date(), statSync(file).mtime)
  } catch {
    // The file may be deleted, or owned by another user.
  }
}
