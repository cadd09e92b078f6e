import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Diagnostic } from '../clang/diagnostics.ts'
import { readChecksummed, writeChecksummed } from './checksummed-file.ts'
import { contentOf } from './digest.ts'

/** The cached result of a successful compile. */
export interface CacheEntry {
  readonly object: Uint8Array
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute paths, the source first, with the digest of each file. */
  readonly dependencies: readonly {
    readonly file: string
    readonly content: string
    /** See CompileResult.systemHeaders. */
    readonly isSystem: boolean
  }[]
  /** Files whose appearance makes the entry out of date, see absentIncludeCandidates(). */
  readonly absent: readonly string[]
  /** The origin of the generated vmlinux.h, if the source includes that. */
  readonly vmlinux?: string | undefined
}

export interface StoredEntry {
  /** The digest of the whole entry. */
  readonly checksum: string
  readonly entry: CacheEntry
}

/** Objects of some 40 kB each: ten megabytes in all. */
const maxEntries = 256

/** Reads an entry: a line of JSON, then the object's bytes. Undefined if it is missing or damaged. */
export function readEntry(cacheDir: string, key: string): StoredEntry | undefined {
  const file = readChecksummed(entryFile(cacheDir, key))
  if (!file) return undefined
  const { checksum, content } = file
  const end = content.indexOf('\n')
  const entry: Omit<CacheEntry, 'object'> = JSON.parse(content.toString('utf8', 0, end))
  return { checksum, entry: { ...entry, object: new Uint8Array(content.subarray(end + 1)) } }
}

/** Writes an entry. Resolves to its checksum. */
export function writeEntry(cacheDir: string, key: string, entry: CacheEntry): Promise<string> {
  const { object, ...rest } = entry
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), object])
  return writeChecksummed(entryFile(cacheDir, key), content, maxEntries)
}

const entryFile = (cacheDir: string, key: string): string => join(cacheDir, 'objects', key)

/** Whether every dependency has its old content, and no file appeared that clang would find before one of them. */
export function isCurrent({ absent, dependencies }: CacheEntry): boolean {
  return (
    dependencies.every(({ file, content }) => contentOf(file) === content) &&
    !absent.some((file) => existsSync(file))
  )
}
