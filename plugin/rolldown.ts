import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

/**
 * Imports of `*.bpf.c` for Rolldown.
 *
 * @example
 * ```ts
 * // rolldown.config.js
 * import bpf from 'unplugin-bpf/rolldown'
 *
 * export default { input: 'agent.ts', platform: 'node', plugins: [bpf()] }
 * ```
 */
const rolldown: Requirable<typeof unplugin.rolldown> = requirable(unplugin.rolldown)
export default rolldown
export { rolldown as 'module.exports' }
