import { createRequire } from 'node:module'

import type KoffiModule from 'koffi'

/**
 * Re-exports koffi under this package's name. Agents load it from here (ffi/koffi.ts): they depend on this package, and
 * under pnpm cannot see its dependencies. It uses `require`, which Yarn's PnP always resolves, while it resolves `import`
 * only in processes that it started with a loader.
 */
const koffi: typeof KoffiModule = createRequire(import.meta.url)('koffi')
export default koffi
export { koffi as 'module.exports' }
