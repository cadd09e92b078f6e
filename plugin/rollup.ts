import { unplugin } from './index.ts'

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
const rollup: typeof unplugin.rollup = unplugin.rollup
export default rollup
export { rollup as 'module.exports' }
