import { statSync } from 'node:fs'

/**
 * `find`, which tells something of a file's content, but asked again only once the file was written: some have
 * megabytes, and are needed at every rebuild.
 */
export function memoiseByStat<Found>(find: (file: string) => Found): (file: string) => Found {
  const last = new Map<string, { readonly stamp: string; readonly found: Found }>()
  return (file) => {
    const stamp = stampOf(file)
    const known = last.get(file)
    if (known && known.stamp === stamp) return known.found
    const found = find(file)
    if (stamp !== undefined) last.set(file, { stamp, found })
    return found
  }
}

/** Changes when the file is written or replaced. */
function stampOf(file: string): string | undefined {
  try {
    const { ino, mtime, size } = statSync(file)
    return `${ino} ${mtime.getTime()} ${size}`
  } catch {
    return undefined
  }
}
