import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A name for content: hexadecimal SHA-256 over the parts, each with its length, so that none runs into the next. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}

/** Names a file's content; empty when it cannot be read. */
export function contentOf(file: string): string {
  try {
    return digest(readFileSync(file))
  } catch {
    return ''
  }
}
