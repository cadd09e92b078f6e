import { unplugin } from './index.ts'

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
const esbuild: typeof unplugin.esbuild = unplugin.esbuild
export default esbuild
export { esbuild as 'module.exports' }
