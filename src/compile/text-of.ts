import { readFileSync } from 'node:fs'

/** Reads a small file synchronously. Undefined when it cannot be read. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
