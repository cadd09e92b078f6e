import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

import bpf from '../../plugin/esbuild.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** Bundles the guest's program as an agent's is: the runtime and the objects inside, koffi outside. */
export async function bundleGuest(outfile: string): Promise<void> {
  await build({
    entryPoints: [path('guest/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: {
      'unplugin-bpf/runtime': path('../../src/runtime/index.ts'),
      'unplugin-bpf/codec': path('../../src/runtime/codec/index.ts'),
    },
    plugins: [bpf({ types: false })],
  })
}
