import { unplugin } from './index.ts'
import { requirable, type Requirable } from './requirable.ts'

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
const farm: Requirable<typeof unplugin.farm> = requirable(unplugin.farm)
export default farm
export { farm as 'module.exports' }
