import { dirname, resolve } from 'node:path'

import type { OnLoadResult, OnResolveArgs, OnResolveResult, PluginBuild } from 'esbuild'

import type { Builds } from '../builds.ts'
import { esbuildMessage, failureText } from '../report.ts'
import { hasOtherType, nativeRE, ownFile, ownPackageRE, sourceRE } from '../resolve.ts'

/**
 * esbuild without unplugin's `load`: that passes on neither source lines nor notes, and loses the
 * errors when there is no code. Failures are returned, never thrown: esbuild forgets the files to
 * watch of a callback that throws (evanw/esbuild#1063).
 */
export function setupEsbuild(build: PluginBuild, builds: Builds): void {
  const { platform, absWorkingDir: cwd = process.cwd(), write = true } = build.initialOptions
  builds.relativeTo(cwd)
  // esbuild's own default.
  const browser = (platform ?? 'browser') === 'browser'

  build.onLoad({ filter: sourceRE }, async (args): Promise<OnLoadResult | undefined> => {
    const { path, suffix } = args
    // `?raw`, and whatever else a project's other plugins or loaders make of it.
    if (suffix !== '' || hasOtherType(args.with)) return undefined
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
    const warnings = await builds.putKoffi(resolve(cwd, outdir ?? dirname(outfile)))
    return { warnings: warnings.map((text) => ({ text })) }
  })
  build.onResolve({ filter: nativeRE }, ({ path }) => ({ path, external: true }))
  build.onResolve({ filter: ownPackageRE }, (args) => resolveOwn(build, args))
}

const noPlatform =
  "platform is not set, so esbuild bundles for a browser, where open() throws; set platform: 'node' for an agent"

/** This package's subpaths as esbuild finds them, or else its own files. */
async function resolveOwn(
  build: PluginBuild,
  { path, importer, namespace, resolveDir, kind, with: attributes, pluginData }: OnResolveArgs,
): Promise<OnResolveResult | undefined> {
  // The question below comes back to us.
  if (pluginData === asked) return undefined
  const found = await build.resolve(path, {
    importer,
    namespace,
    resolveDir,
    kind,
    with: attributes,
    pluginData: asked,
  })
  if (found.errors.length === 0) return { ...found, pluginData }
  return { path: ownFile(path), sideEffects: false }
}

const asked = Symbol('resolve')
