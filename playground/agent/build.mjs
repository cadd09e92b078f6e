// node playground/agent/build.mjs: agent.ts and proc.bpf.c become one file, dist/agent.mjs.
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

export const agent = path('dist/agent.mjs')

await build({
  entryPoints: [path('agent.ts')],
  outfile: agent,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [bpf()],
})
