import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

/**
 * Imports of `*.bpf.c` for Bun.
 *
 * @example
 * ```ts
 * import bpf from 'unplugin-bpf/bun'
 *
 * await Bun.build({ entrypoints: ['agent.ts'], target: 'node', outdir: 'dist', plugins: [bpf()] })
 * ```
 */
const bun: Requirable<typeof unplugin.bun> = requirable(unplugin.bun)
export default bun
export { bun as 'module.exports' }
