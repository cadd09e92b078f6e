import { unplugin } from './index.ts'

/**
 * Imports of `*.bpf.c` for Farm.
 *
 * @example
 * ```ts
 * // farm.config.ts
 * import bpf from 'unplugin-bpf/farm'
 *
 * export default { plugins: [bpf()] }
 * ```
 */
const farm: typeof unplugin.farm = unplugin.farm
export default farm
export { farm as 'module.exports' }
