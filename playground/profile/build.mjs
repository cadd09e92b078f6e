// node playground/profile/build.mjs: profile.ts and profile.bpf.c become one file, dist/profile.mjs.
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'
import bpf from 'unplugin-bpf/esbuild'

const path = (name) => fileURLToPath(new URL(name, import.meta.url))

await build({
  entryPoints: [path('profile.ts')],
  outfile: path('dist/profile.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  plugins: [bpf()],
})
