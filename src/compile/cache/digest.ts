import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** Returns the hexadecimal SHA-256 of the parts, each preceded by its length, so that `ab, c` and `a, bc` differ. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}

interface Content {
  /** Inode, size and ctime: they change when the file is written or replaced, or its times are set. */
  readonly stamp: string
  readonly digest: string
}

/** Digests of files that were older than `settledAge` when they were read. */
const contents = new Map<string, Content>()

/** Milliseconds, many ticks of a file system's clock. A younger file may be written again without a new ctime. */
const settledAge = 1000

/** Returns the digest of a file's content, empty when it cannot be read. Remembered: a vmlinux.h has megabytes, and every rebuild asks. */
export function contentOf(file: string): string {
  try {
    const { ctimeMs, ino, size } = statSync(file)
    const stamp = `${ino} ${size} ${ctimeMs}`
    const known = contents.get(file)
    if (known?.stamp === stamp) return known.digest
    const content = digest(readFileSync(file))
    if (Date.now() - ctimeMs > settledAge) contents.set(file, { stamp, digest: content })
    return content
  } catch {
    return ''
  }
}
