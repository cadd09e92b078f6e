/**
 * The plugin and its options; `unplugin-bpf/vite`, `unplugin-bpf/esbuild` and so on export it for one bundler each.
 * @module unplugin-bpf
 */
import { createUnplugin, type UnpluginFactory, type UnpluginInstance } from 'unplugin'

import type { Options } from '../src/compile/options/options.ts'
import { Builds } from './builds.ts'
import { setupEsbuild } from './bundlers/esbuild.ts'
import { resolveForFarm } from './bundlers/farm.ts'
import { attributesRE, warnOfAttributes } from './bundlers/import-attributes.ts'
import { resolvePackage, koffiCopier } from './bundlers/rollup.ts'
import { viteHooks } from './bundlers/vite.ts'
import { externaliseKoffi, excludeTypedImports } from './bundlers/webpack.ts'
import { load } from './load.ts'
import { pluginName } from './report.ts'
import { loadedRE } from './resolve.ts'

export type { Options } from '../src/compile/options/options.ts'

/**
 * Turns an imported `.bpf.c` into its skeleton module. Bundlers resolve the file themselves: a `resolveId` hook would only
 * change what its relative imports mean.
 */
export const unpluginFactory: UnpluginFactory<Options | undefined, false> = (
  options = {},
  meta,
) => {
  const builds = new Builds(options)
  return {
    name: pluginName,
    ...(meta.framework !== 'esbuild' && {
      load: {
        filter: { id: loadedRE },
        handler(id) {
          return load(this, meta, builds, id)
        },
      },
    }),
    ...(meta.framework === 'farm' && { resolveId: resolveForFarm }),
    rollup: { resolveId: resolvePackage, writeBundle: koffiCopier(builds) },
    rolldown: {
      resolveId: resolvePackage,
      transform: {
        filter: { code: attributesRE },
        handler: warnOfAttributes('Rolldown', () => 'For its text, read the file with node:fs'),
      },
      writeBundle: koffiCopier(builds),
    },
    webpack(compiler) {
      excludeTypedImports(compiler)
      externaliseKoffi(compiler, builds)
    },
    rspack(compiler) {
      excludeTypedImports(compiler)
      externaliseKoffi(compiler, builds)
    },
    vite: viteHooks(options, builds),
    esbuild: { setup: (build) => setupEsbuild(build, builds) },
  }
}

export const unplugin: UnpluginInstance<Options | undefined, false> =
  createUnplugin(unpluginFactory)
export default unplugin
