import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Diagnostic } from './diagnostics.ts'
import { digest } from './digest.ts'
import { writeWhole } from './write-whole.ts'

/** A successful compile, as it is kept. */
export interface CacheEntry {
  readonly object: Uint8Array
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute, with what names their content. */
  readonly dependencies: readonly { readonly file: string; readonly digest: string }[]
  /** What the generated vmlinux.h was generated from, if the source includes that. */
  readonly vmlinux: string | undefined
}

/**
 * One file an entry: its digest, a line of JSON, then the object's bytes. Undefined if there is none,
 * or a damaged one.
 */
export async function readEntry(cacheDir: string, key: string): Promise<CacheEntry | undefined> {
  let bytes: Buffer
  try {
    bytes = await readFile(entryFile(cacheDir, key))
  } catch {
    return undefined
  }
  const body = bytes.subarray(digestLength)
  if (bytes.toString('latin1', 0, digestLength) !== digest(body)) return undefined
  const end = body.indexOf('\n')
  const { dependencies, diagnostics, vmlinux } = JSON.parse(body.toString('utf8', 0, end))
  return { dependencies, diagnostics, vmlinux, object: new Uint8Array(body.subarray(end + 1)) }
}

export async function writeEntry(cacheDir: string, key: string, entry: CacheEntry): Promise<void> {
  const { object, ...rest } = entry
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), object])
  const file = Buffer.concat([Buffer.from(digest(body)), body])
  await writeWhole(entryFile(cacheDir, key), file)
}

const digestLength = 64
const entryFile = (cacheDir: string, key: string): string =>
  join(cacheDir, 'objects', `${key}.bpfo`)

/** Whether every dependency has the content it had. */
export function isCurrent(entry: CacheEntry): boolean {
  return entry.dependencies.every((dependency) => contentOf(dependency.file) === dependency.digest)
}

/** What names a file's content; empty when it cannot be read. */
export function contentOf(file: string): string {
  try {
    return digest(readFileSync(file))
  } catch {
    return ''
  }
}
