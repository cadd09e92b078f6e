import { register } from 'node:module'

/**
 * Imports of `*.bpf.c` for plain Node: `node --import unplugin-bpf/register agent.mjs`.
 * Options come from the key `"unplugin-bpf"` of the package.json nearest to the source.
 */
register('./register-hooks.mjs', import.meta.url)
