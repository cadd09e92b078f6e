import { join } from 'node:path'

import { readChecksummed, writeChecksummed } from '../compile/cache/checksummed-file.ts'
import { digest } from '../compile/cache/digest.ts'
import type { CompileResult } from '../compile/compile.ts'
import { createDebugger } from '../compile/debug.ts'
import type { ResolvedOptions } from '../compile/options/options.ts'
import { declarationFile } from './declaration-file.ts'
import type { SkeletonModule } from './skeleton-module.ts'

const debug = createDebugger('unplugin-bpf:codegen')

/** The most modules that the cache keeps: as many as objects. */
const MAX_MODULES = 256

/** Returns a digest of all inputs of a source's module; undefined where the cache lacks one of its objects. */
export function moduleKey(
  edition: string,
  source: string,
  options: ResolvedOptions,
  compiled: readonly CompileResult[],
): string | undefined {
  const identities = compiled.flatMap(({ identity }) => identity ?? [])
  if (identities.length < compiled.length) return undefined
  const { arch, archIsGiven, minKernel = '' } = options
  return digest(
    edition,
    source,
    archIsGiven ? arch.join() : '',
    minKernel,
    declarationFile(source, options) ?? '',
    ...identities,
  )
}

/** Returns undefined where the cache has no such module, or a damaged one. */
export function readModule(options: ResolvedOptions, key: string): SkeletonModule | undefined {
  const file = readChecksummed(moduleFile(options, key))
  return file && JSON.parse(file.content.toString())
}

export async function writeModule(
  options: ResolvedOptions,
  key: string,
  module: SkeletonModule,
): Promise<void> {
  try {
    await writeChecksummed(
      moduleFile(options, key),
      Buffer.from(JSON.stringify(module)),
      MAX_MODULES,
    )
  } catch (error) {
    debug?.('%s cannot be cached: %s', module.dependencies[0], error)
  }
}

const moduleFile = ({ cacheDir }: ResolvedOptions, key: string): string =>
  join(cacheDir, 'modules', key)
