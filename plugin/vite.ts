import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

/**
 * Imports of `*.bpf.c` for Vite.
 *
 * @example
 * ```ts
 * // vite.config.ts
 * import bpf from 'unplugin-bpf/vite'
 *
 * export default { plugins: [bpf({ agent: 'agent.ts' })] }
 * ```
 */
const vite: Requirable<typeof unplugin.vite> = requirable(unplugin.vite)
export default vite
export { vite as 'module.exports' }
