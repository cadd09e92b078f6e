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

/** The generated texts of a `.bpf.c`; absent where it has errors. */
export interface SkeletonModule {
  /** For Node. */
  readonly code?: string | undefined
  /** The module for a browser: types, constants, defines and names, no object. */
  readonly browserCode?: string | undefined
  /** Also absent where the option `types` is off. */
  readonly declarations?: Declarations | undefined
  /** Absolute paths of the source and every header it read. */
  readonly dependencies: readonly string[]
  readonly diagnostics: readonly Diagnostic[]
}

export interface Declarations {
  /** The absolute path of the `.bpf.d.c.ts`. */
  readonly file: string
  readonly content: string
}

/**
 * Returns the texts of buildSkeleton(), from the cache where no input has changed. Throws what that throws.
 */
export async function buildModule(
  file: string,
  options: Options | ResolvedOptions = {},
): Promise<SkeletonModule> {
  const source = resolve(options.cwd ?? '.', file)
  const resolved = resolveOptions(options, source)
  const started = Date.now()
  // The generator loads while clang runs; a module in the cache is there earlier, and needs none.
  const loading = setImmediate(() => generator().catch(() => undefined))
  const compiled = await compileAll(source, resolved)
  clearImmediate(loading)
  const results = compiled.map(({ result }) => result)
  const key = moduleKey(edition(), source, resolved, results)
  const cached = key && readModule(resolved, key)
  if (cached) return cached
  const { skeletonOf } = await generator()
  const module = moduleOf(source, resolved, skeletonOf(source, resolved, compiled))
  // Comments are read from the sources after the compile, which may have been saved in between.
  const isCacheable = module.code !== undefined && !isNewer(module.dependencies, started)
  if (key && isCacheable) await writeModule(resolved, key, module)
  return module
}

const generator = (): Promise<typeof import('./skeleton.ts')> => import('./skeleton.ts')

/**
 * Returns an identity of the generator's code, so that no version reads another's cache. The bundled file names its
 * imports by their content, so its content is the identity; run from source, every process has its own.
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
