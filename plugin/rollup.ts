import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

/**
 * Imports of `*.bpf.c` for Rollup.
 *
 * @example
 * ```ts
 * // rollup.config.js
 * import bpf from 'unplugin-bpf/rollup'
 *
 * export default { input: 'agent.js', plugins: [bpf()] }
 * ```
 */
const rollup: Requirable<typeof unplugin.rollup> = requirable(unplugin.rollup)
export default rollup
export { rollup as 'module.exports' }
