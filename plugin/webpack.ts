import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

/**
 * Imports of `*.bpf.c` for webpack.
 *
 * @example
 * ```ts
 * // webpack.config.js
 * import bpf from 'unplugin-bpf/webpack'
 *
 * export default { target: 'node', plugins: [bpf()] }
 * ```
 */
const webpack: Requirable<typeof unplugin.webpack> = requirable(unplugin.webpack)
export default webpack
export { webpack as 'module.exports' }
