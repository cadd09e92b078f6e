import { unplugin } from './index.ts'

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
const vite: typeof unplugin.vite = unplugin.vite
export default vite
export { vite as 'module.exports' }
