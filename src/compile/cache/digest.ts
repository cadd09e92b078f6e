import { createHash } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'

/** A name for content: hexadecimal SHA-256 over the parts, each with its length, so that none runs into the next. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}

interface Content {
  /** Changes when the file is written or replaced, or another time is set. */
  readonly stamp: string
  readonly name: string
}

/** Of files that were old when they were read. */
const contents = new Map<string, Content>()

/** Milliseconds, many ticks of the clock of files: one that is younger may yet be written without a trace. */
const old = 1000

/** Names a file's content; empty when it cannot be read. A vmlinux.h has megabytes, and is asked for at every rebuild. */
export function contentOf(file: string): string {
  try {
    const { ctimeMs, ino, size } = statSync(file)
    const stamp = `${ino} ${size} ${ctimeMs}`
    const known = contents.get(file)
    if (known?.stamp === stamp) return known.name
    const name = digest(readFileSync(file))
    if (Date.now() - ctimeMs > old) contents.set(file, { stamp, name })
    return name
  } catch {
    return ''
  }
}
