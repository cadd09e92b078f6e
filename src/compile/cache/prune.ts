import { statSync, utimesSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

const slack = 1.25

/**
 * Deletes all but the `kept` most recently used files of a folder. Not for each file more, as it takes longer than a
 * rebuild's own work. Never fails: other processes prune too.
 */
export async function prune(folder: string, kept: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  if (names.length <= kept * slack) return
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
  const unused = files.toSorted((a, b) => b.used - a.used).slice(kept)
  await Promise.all(unused.map(({ file }) => rm(file, { force: true }).catch(() => undefined)))
}

/**
 * Marks a file as used now, which is not to be written: see since-written.ts. A cache that cannot be written is still
 * read.
 */
export function markUsed(file: string): void {
  try {
    utimesSync(file, new Date(), statSync(file).mtime)
  } catch {
    // It may be gone, or not ours.
  }
}
