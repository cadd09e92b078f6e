/** `node build-once.mjs CACHE` builds an agent and prints milliseconds: of the build, and of the plugin in it. */
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

const [cache] = process.argv.slice(2)
let inPlugin = 0

const start = performance.now()
await build({
  stdin: {
    contents: `import skel from './bench.bpf.c'\nskel.openAndLoad().attach()`,
    resolveDir: fileURLToPath(new URL('programs', import.meta.url)),
  },
  write: false,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [clocked(bpf({ cache, types: { dir: `${cache}/types` } }))],
})
console.log(`${performance.now() - start}\n${inPlugin}`)

/** Adds up the time that the plugin's loads take. */
function clocked(plugin) {
  return {
    name: plugin.name,
    setup(build) {
      const onLoad = (filter, load) =>
        build.onLoad(filter, async (args) => {
          const start = performance.now()
          const loaded = await load(args)
          inPlugin += performance.now() - start
          return loaded
        })
      return plugin.setup({ ...build, onLoad })
    },
  }
}
