import { statSync } from 'node:fs'

/**
 * Memoises a function of a file's content until the file is written or replaced. Some files have megabytes, and every
 * rebuild needs them.
 */
export function memoiseByStat<Value>(compute: (file: string) => Value): (file: string) => Value {
  const last = new Map<string, { readonly stamp: string; readonly value: Value }>()
  return (file) => {
    const stamp = stampOf(file)
    const known = last.get(file)
    if (known && known.stamp === stamp) return known.value
    const value = compute(file)
    if (stamp !== undefined) last.set(file, { stamp, value })
    return value
  }
}

/** Inode, modification time and size, which change when the file is written or replaced. */
function stampOf(file: string): string | undefined {
  try {
    const { ino, mtime, size } = statSync(file)
    return `${ino} ${mtime.getTime()} ${size}`
  } catch {
    return undefined
  }
}
