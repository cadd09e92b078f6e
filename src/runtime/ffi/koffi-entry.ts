import { createRequire } from 'node:module'

import type KoffiModule from 'koffi'

/**
 * koffi under this package's name. Agents load it from here (ffi/koffi.ts): they depend on this package, and under
 * pnpm cannot see what it depends on. By `require`, since Yarn's PnP shows that the way to packages in every case, and
 * `import` only to processes that it started with a loader.
 */
const koffi: typeof KoffiModule = createRequire(import.meta.url)('koffi')
export default koffi
export { koffi as 'module.exports' }
