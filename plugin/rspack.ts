import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

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
const rspack: Requirable<typeof unplugin.rspack> = requirable(unplugin.rspack)
export default rspack
export { rspack as 'module.exports' }
