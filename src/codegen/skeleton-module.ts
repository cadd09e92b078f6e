import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { contentOf } from '../compile/cache/digest.ts'
import { isNewer } from '../compile/cache/is-newer.ts'
import type { Diagnostic } from '../compile/compile.ts'
import { type Options, type ResolvedOptions, resolveOptions } from '../compile/options/options.ts'
import { compileAll } from './compile-all.ts'
import { declarationFile } from './declaration-file.ts'
import { moduleKey, readModule, writeModule } from './module-cache.ts'
import type { SkeletonBuild } from './skeleton.ts'

/** The texts that a `.bpf.c` became; none where it has errors. */
export interface SkeletonModule {
  /** For Node. */
  readonly code?: string | undefined
  /** The same for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** Absent too where option `types` is off. */
  readonly declarations?: Declarations | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface Declarations {
  /** Where they belong. */
  readonly file: string
  readonly content: string
}

/**
 * The texts of buildSkeleton(), from the cache where nothing that they come of has changed. Throws what that throws.
 */
export async function buildModule(
  file: string,
  options: Options | ResolvedOptions = {},
): Promise<SkeletonModule> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const started = Date.now()
  // While clang runs; what the cache has comes before, and needs no generator.
  const loading = setImmediate(() => generator().catch(() => undefined))
  const compiled = await compileAll(source, resolved)
  clearImmediate(loading)
  const results = compiled.map(({ result }) => result)
  const key = moduleKey(edition(), source, resolved, results)
  const kept = key && readModule(resolved, key)
  if (kept) return kept
  const { skeletonOf } = await generator()
  const module = moduleOf(source, resolved, skeletonOf(source, resolved, compiled))
  // Comments are read from the sources themselves, which may have been saved meanwhile.
  const isKept = module.code !== undefined && !isNewer(module.dependencies, started)
  if (key && isKept) await writeModule(resolved, key, module)
  return module
}

const generator = (): Promise<typeof import('./skeleton.ts')> => import('./skeleton.ts')

/**
 * Names the code that generates: what one edition has kept, another does not take for its own. This file, bundled, names
 * those that it imports by their content. As source it does not, and every process is an edition.
 */
function edition(): string {
  const isBundled = import.meta.url.endsWith('.mjs')
  return isBundled ? contentOf(fileURLToPath(import.meta.url)) : `${performance.timeOrigin}`
}

function moduleOf(
  source: string,
  options: ResolvedOptions,
  { code, browserCode, declarationsFor, dependencies, diagnostics }: SkeletonBuild,
): SkeletonModule {
  const file = declarationFile(source, options)
  const declarations =
    file && declarationsFor ? { file, content: declarationsFor(file) } : undefined
  return { code, browserCode, declarations, dependencies, diagnostics }
}
