import { readFileSync } from 'node:fs'

/** A file's text; undefined when it cannot be read. For small ones: nothing else goes on meanwhile. */
export function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
