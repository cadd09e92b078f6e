import { existsSync } from 'node:fs'
import { join } from 'node:path'

import type { Diagnostic } from '../clang/diagnostics.ts'
import { readChecksummed, writeChecksummed } from './checksummed-file.ts'
import { contentOf } from './digest.ts'

/** A successful compile, as it is kept. */
export interface CacheEntry {
  readonly object: Uint8Array
  readonly diagnostics: readonly Diagnostic[]
  /** Absolute, source first, with what names their content. */
  readonly dependencies: readonly {
    readonly file: string
    readonly content: string
    /** See CompileResult.systemHeaders. */
    readonly isSystem: boolean
  }[]
  /** Files that must not appear, see absentShadows(). */
  readonly absent: readonly string[]
  /** What the generated vmlinux.h was generated from, if the source includes that. */
  readonly vmlinux?: string | undefined
}

export interface StoredEntry {
  /** Names all that is in the entry. */
  readonly checksum: string
  readonly entry: CacheEntry
}

/** An object is about as large as a photograph: these are some ten megabytes. */
const maxEntries = 256

/** A line of JSON, then the object's bytes. Undefined if there is none, or a damaged one. */
export function readEntry(cacheDir: string, key: string): StoredEntry | undefined {
  const file = readChecksummed(entryFile(cacheDir, key))
  if (!file) return undefined
  const { checksum: seal, content } = file
  const end = content.indexOf('\n')
  const entry: Omit<CacheEntry, 'object'> = JSON.parse(content.toString('utf8', 0, end))
  return { checksum: seal, entry: { ...entry, object: new Uint8Array(content.subarray(end + 1)) } }
}

/** @returns the entry's seal */
export function writeEntry(cacheDir: string, key: string, entry: CacheEntry): Promise<string> {
  const { object, ...rest } = entry
  const content = Buffer.concat([Buffer.from(`${JSON.stringify(rest)}\n`), object])
  return writeChecksummed(entryFile(cacheDir, key), content, maxEntries)
}

const entryFile = (cacheDir: string, key: string): string => join(cacheDir, 'objects', key)

/** Whether every dependency has the content it had, and no header has come before one of them. */
export function isCurrent({ absent, dependencies }: CacheEntry): boolean {
  return (
    dependencies.every(({ file, content }) => contentOf(file) === content) &&
    !absent.some((file) => existsSync(file))
  )
}
