import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

/** Deletes all but the `kept` most recently used files of a folder. Never fails: other processes prune too. */
export async function prune(folder: string, kept: number): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  if (names.length <= kept) return
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
export function touch(file: string): void {
  stat(file)
    .then(({ mtime }) => utimes(file, new Date(), mtime))
    .catch(() => undefined)
}
