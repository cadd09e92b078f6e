import * as nodeModule from 'node:module'

import { refuseRequire } from './register/refuse-require.ts'
import { load, type RegisterHooks, resolve } from './register/sync-hooks.ts'
import { entryFolder } from './resolve.ts'

/**
 * Imports of `*.bpf.c` for plain Node: `node --import unplugin-bpf/register agent.mjs`. From Node 22.15 on `require()` of
 * them too. Options come from the key `"unplugin-bpf"` of the package.json nearest to the source.
 */
const { registerHooks } = nodeModule as { registerHooks?: RegisterHooks }
if (registerHooks) {
  registerHooks({ resolve, load })
} else {
  nodeModule.register('./register-hooks.mjs', import.meta.url, { data: entryFolder() })
  refuseRequire()
}
