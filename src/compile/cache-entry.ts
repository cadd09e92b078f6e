import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Diagnostic } from './diagnostics.ts'
import { contentOf, digest } from './digest.ts'
import { prune, touch } from './prune.ts'
import { writeWhole } from './write-whole.ts'

/** A successful compile, as it is kept. */
export interface CacheEntry {
  readonly object: Uint8Array
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute, source first, with what names their content. */
  readonly dependencies: readonly { readonly file: string; readonly content: string }[]
  /** Files that must not appear, see absentShadows(). */
  readonly absent: readonly string[]
  /** What the generated vmlinux.h was generated from, if the source includes that. */
  readonly vmlinux?: string | undefined
}

/** An object is about as large as a photograph: these are some ten megabytes. */
const kept = 256

/**
 * One file an entry: its digest, a line of JSON, then the object's bytes. Undefined if there is none,
 * or a damaged one.
 */
export async function readEntry(cacheDir: string, key: string): Promise<CacheEntry | undefined> {
  const file = entryFile(cacheDir, key)
  const bytes = await readFile(file).catch(() => undefined)
  if (!bytes) return undefined
  const body = bytes.subarray(digestLength)
  if (bytes.toString('latin1', 0, digestLength) !== digest(body)) return undefined
  touch(file)
  const end = body.indexOf('\n')
  const entry: Omit<CacheEntry, 'object'> = JSON.parse(body.toString('utf8', 0, end))
  return { ...entry, object: new Uint8Array(body.subarray(end + 1)) }
}

export async function writeEntry(cacheDir: string, key: string, entry: CacheEntry): Promise<void> {
  const { object, ...rest } = entry
  const body = Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), object])
  await writeWhole(entryFile(cacheDir, key), Buffer.concat([Buffer.from(digest(body)), body]))
  await prune(join(cacheDir, 'objects'), kept)
}

const digestLength = 64
const entryFile = (cacheDir: string, key: string): string => join(cacheDir, 'objects', key)

/** Whether every dependency has the content it had, and no header has come before one of them. */
export function isCurrent({ absent, dependencies }: CacheEntry): boolean {
  return (
    dependencies.every(({ file, content }) => contentOf(file) === content) &&
    !absent.some((file) => existsSync(file))
  )
}
