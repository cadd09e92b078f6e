import { unplugin } from './index.ts'

/**
 * Imports of `*.bpf.c` for Rspack.
 *
 * @example
 * ```ts
 * // rspack.config.js
 * import bpf from 'unplugin-bpf/rspack'
 *
 * export default { target: 'node', plugins: [bpf()] }
 * ```
 */
const rspack: typeof unplugin.rspack = unplugin.rspack
export default rspack
export { rspack as 'module.exports' }
