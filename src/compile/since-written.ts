import { stat } from 'node:fs/promises'

interface Finding {
  /** Changes when the file is written or replaced. */
  readonly stamp: string
  readonly found: string | undefined
}

const last = new Map<string, Finding>()

/**
 * What `find` tells of a file's content, found again only once the file was written: some have megabytes, and are
 * needed at every rebuild.
 */
export async function sinceWritten(
  file: string,
  find: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const stamp = await stat(file).then(
    ({ ino, mtime, size }) => `${ino} ${mtime.getTime()} ${size}`,
    () => undefined,
  )
  const known = last.get(file)
  if (known && known.stamp === stamp) return known.found
  const found = await find()
  if (stamp !== undefined) last.set(file, { stamp, found })
  return found
}
