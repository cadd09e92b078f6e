import type { UnpluginInstance } from 'unplugin'

import type { Options } from '../src/compile/options/options.ts'
import { Builds } from './builds.ts'
import { setupEsbuild } from './bundlers/esbuild.ts'
import { pluginName } from './report.ts'
import { requirable, type Requirable } from './requirable.ts'

type EsbuildPlugin = UnpluginInstance<Options | undefined, false>['esbuild']

/**
 * Imports of `*.bpf.c` for esbuild.
 *
 * @example
 * ```ts
 * import bpf from 'unplugin-bpf/esbuild'
 * import { build } from 'esbuild'
 *
 * await build({
 *   entryPoints: ['agent.ts'],
 *   bundle: true,
 *   platform: 'node',
 *   format: 'esm',
 *   outfile: 'dist/agent.mjs',
 *   plugins: [bpf()],
 * })
 * ```
 */
const esbuild: Requirable<EsbuildPlugin> = requirable((options = {}) => {
  // unplugin would do nothing more here, and importing it takes as long as this whole plugin.
  const builds = new Builds(options)
  return { name: pluginName, setup: (build) => setupEsbuild(build, builds) }
})
export default esbuild
export { esbuild as 'module.exports' }
