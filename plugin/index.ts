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
import { resolveOwn, writeKoffi } from './bundlers/rollup.ts'
import { viteHooks } from './bundlers/vite.ts'
import { keepKoffiOutside, leaveOtherTypes } from './bundlers/webpack.ts'
import { load } from './load.ts'
import { pluginName } from './report.ts'
import { loadedRE } from './resolve.ts'

export type { Options } from '../src/compile/options/options.ts'

/**
 * Turns an imported `.bpf.c` into its skeleton module. Such a file exists, so every bundler resolves it
 * by itself; a `resolveId` of ours would only change what its relative imports mean.
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
    rollup: { resolveId: resolveOwn, writeBundle: writeKoffi(builds) },
    rolldown: {
      resolveId: resolveOwn,
      transform: {
        filter: { code: attributesRE },
        handler: warnOfAttributes('Rolldown', () => 'For its text, read the file with node:fs'),
      },
      writeBundle: writeKoffi(builds),
    },
    webpack(compiler) {
      leaveOtherTypes(compiler)
      keepKoffiOutside(compiler, builds)
    },
    rspack(compiler) {
      leaveOtherTypes(compiler)
      keepKoffiOutside(compiler, builds)
    },
    vite: viteHooks(options, builds),
    esbuild: { setup: (build) => setupEsbuild(build, builds) },
  }
}

export const unplugin: UnpluginInstance<Options | undefined, false> =
  createUnplugin(unpluginFactory)
export default unplugin
