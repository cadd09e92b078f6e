/**
 * `node builds.mjs CACHE ROUNDS` builds an agent and prints milliseconds, a line each: of the process's first build,
 * with that cache, whole and in the plugin; then medians of later builds, with empty caches, whole, and with a full
 * one, in the plugin.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

import { median } from './measure.mjs'

const [cache, rounds] = process.argv.slice(2)

const first = await once(cache)
const [empty, full] = [[], []]
for (let round = 0; round < Number(rounds); round++) {
  empty.push(await once(join(cache, String(process.pid), String(round))))
  full.push(await once(cache))
}
console.log(first.whole)
console.log(first.inPlugin)
console.log(median(empty.map(({ whole }) => whole)))
console.log(median(full.map(({ inPlugin }) => inPlugin)))

async function once(cache) {
  const clock = { inPlugin: 0 }
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
    plugins: [clocked(bpf({ cache, types: { dir: join(cache, 'types') } }), clock)],
  })
  return { whole: performance.now() - start, ...clock }
}

/** Adds up the time that the plugin's loads take. */
function clocked(plugin, clock) {
  return {
    name: plugin.name,
    setup(build) {
      const onLoad = (filter, load) =>
        build.onLoad(filter, async (args) => {
          const start = performance.now()
          const loaded = await load(args)
          clock.inPlugin += performance.now() - start
          return loaded
        })
      return plugin.setup({ ...build, onLoad })
    },
  }
}
