import { createHash } from 'node:crypto'

/** A name for content: hexadecimal SHA-256 over the parts, each with its length, so that none runs into the next. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part
    hash.update(`${bytes.length}:`).update(bytes)
  }
  return hash.digest('hex')
}
