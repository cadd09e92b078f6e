import { dirname } from 'node:path'

import type { CompileResult } from '../compile.ts'
import { createDebugger } from '../debug.ts'
import { type Job, sourceAndArch } from '../job.ts'
import { vmlinuxOrigin } from '../vmlinux/vmlinux.ts'
import { type CacheEntry, isCurrent, readEntry, writeEntry } from './cache-entry.ts'
import { contentOf } from './digest.ts'
import { absentIncludeCandidates } from './include-candidates.ts'

const debug = createDebugger('unplugin-bpf:compile')

interface StoredResult {
  readonly key: string
  readonly entry: CacheEntry
  readonly result: CompileResult
}

/** The last result of each source and architecture: equal compiles return the same object. */
const lastResults = new Map<string, StoredResult>()

/** Returns the cached result of an equal compile, if nothing that it read has changed. */
export function cachedResult(job: Job, key: string): CompileResult | undefined {
  const { options, source } = job
  if (options.cache === false) return undefined
  const last = lastResults.get(sourceAndArch(job))
  const stored = last?.key === key ? last : readStored(job, options.cache, key)
  if (!stored || !isCurrent(stored.entry)) return undefined
  const { vmlinux } = stored.entry
  if (vmlinux !== undefined && vmlinux !== vmlinuxOrigin(options)) return undefined
  debug?.('%s is cached', source)
  lastResults.set(sourceAndArch(job), stored)
  return stored.result
}

function readStored(
  { options, source }: Job,
  cache: string,
  key: string,
): StoredResult | undefined {
  const stored = readEntry(cache, key)
  if (!stored) return undefined
  const { entry, checksum: identity } = stored
  const { diagnostics, object } = entry
  const dependencies = entry.dependencies.map(({ file }) => file)
  const systemHeaders = entry.dependencies.flatMap(({ file, isSystem }) => (isSystem ? [file] : []))
  const folder = dirname(source)
  const macros = Object.keys(options.defines)
  const result = {
    object,
    diagnostics,
    dependencies,
    systemHeaders,
    macros,
    folder,
    identity,
  }
  return { key, entry, result }
}

/**
 * Stores the result of a successful compile. Resolves to the result with its identity.
 *
 * @param vmlinux the origin of the generated vmlinux.h, if the source includes that
 */
export async function storeResult(
  job: Job,
  key: string,
  result: CompileResult,
  vmlinux: string | undefined,
): Promise<CompileResult> {
  const { clang, options, source } = job
  const { dependencies, diagnostics, object } = result
  if (options.cache === false || !object) return result
  const headers = dependencies.slice(1)
  const absent = absentIncludeCandidates(source, headers, vmlinux !== undefined, options, clang)
  const system = new Set(result.systemHeaders)
  const contents = dependencies.map((file) => {
    return { file, content: contentOf(file), isSystem: system.has(file) }
  })
  const entry: CacheEntry = { object, diagnostics, dependencies: contents, absent, vmlinux }
  const identity = await writeEntry(options.cache, key, entry).catch((error: unknown) => {
    debug?.('%s cannot be cached: %s', source, error)
    return undefined
  })
  const named = { ...result, identity }
  lastResults.set(sourceAndArch(job), { key, entry, result: named })
  return named
}
