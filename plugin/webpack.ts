import { unplugin } from './index.ts'

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
const webpack: typeof unplugin.webpack = unplugin.webpack
export default webpack
export { webpack as 'module.exports' }
