import { dirname, resolve } from 'node:path'

import type { OnLoadResult, OnResolveArgs, OnResolveResult, PluginBuild } from 'esbuild'

import type { Builds } from '../builds.ts'
import { esbuildMessage, failureText } from '../report.ts'
import { hasTypeAttribute, koffiRE, packageFile, packageImportRE, sourceRE } from '../resolve.ts'

/**
 * Sets up the plugin for esbuild without unplugin's `load`, which drops source lines and notes, and loses the errors when
 * there is no code. Failures are returned, never thrown: esbuild forgets the files to watch of a callback that throws
 * (evanw/esbuild#1063).
 */
export function setupEsbuild(build: PluginBuild, builds: Builds): void {
  const { platform, absWorkingDir: cwd = process.cwd(), write = true } = build.initialOptions
  builds.relativeTo(cwd)
  // esbuild's own default.
  const browser = (platform ?? 'browser') === 'browser'

  build.onLoad({ filter: sourceRE }, async (args): Promise<OnLoadResult | undefined> => {
    const { path, suffix } = args
    // A query such as `?raw`, or an attribute, is for other plugins and loaders.
    if (suffix !== '' || hasTypeAttribute(args.with)) return undefined
    const outcome = await builds.build(path)
    const { watchFiles } = outcome
    if (outcome.kind === 'failed') return { errors: [{ text: failureText(outcome) }], watchFiles }
    const warnings = outcome.warnings.map((warning) => esbuildMessage(warning, cwd))
    if (outcome.kind === 'refused') {
      return { errors: outcome.errors.map((e) => esbuildMessage(e, cwd)), warnings, watchFiles }
    }
    const { code, browserCode } = outcome.module
    if (browser && platform === undefined) warnings.push({ text: noPlatform })
    return {
      contents: browser ? browserCode : code,
      loader: 'js',
      resolveDir: dirname(path),
      warnings,
      watchFiles,
    }
  })

  build.onEnd(async ({ errors }) => {
    if (errors.length > 0 || !write || browser) return {}
    const { outdir, outfile = '' } = build.initialOptions
    const warnings = await builds.copyKoffiInto(resolve(cwd, outdir ?? dirname(outfile)))
    return { warnings: warnings.map((text) => ({ text })) }
  })
  build.onResolve({ filter: koffiRE }, ({ path }) => ({ path, external: true }))
  build.onResolve({ filter: packageImportRE }, (args) => resolvePackage(build, args))
}

const noPlatform =
  "esbuild bundles for a browser, as platform is not set, and open() throws there. Set platform: 'node' for an agent"

/** Resolves imports of this package as esbuild does, or else to this package's own files. */
async function resolvePackage(
  build: PluginBuild,
  { path, importer, namespace, resolveDir, kind, with: attributes, pluginData }: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  // build.resolve() below calls this hook again.
  if (pluginData === resolving) return undefined
  const found = await build.resolve(path, {
    importer,
    namespace,
    resolveDir,
    kind,
    with: attributes,
    pluginData: resolving,
  })
  if (found.errors.length === 0) return { ...found, pluginData }
  return { path: packageFile(path), sideEffects: false }
}

const resolving = Symbol('resolving')
