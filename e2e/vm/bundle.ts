import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'

import { build } from 'esbuild'

import bpf from '../../plugin/esbuild.ts'
import type { Options } from '../../src/compile/options/options.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The kernel has one list of congestion controls for all who use it. */
const control = `js_${randomBytes(4).toString('hex')}`

/**
 * Bundles the guest's program as an agent's is: the runtime and the objects inside, koffi outside.
 * @param options of the plugin: what another machine than this wants
 */
export async function bundleGuest(outfile: string, options?: Options): Promise<void> {
  await build({
    entryPoints: [path('guest/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: {
      'unplugin-bpf/internal': path('../../src/runtime/internal.ts'),
      'unplugin-bpf/codec': path('../../src/codec/index.ts'),
    },
    define: { CONTROL: JSON.stringify(control) },
    plugins: [bpf({ ...options, types: false, defines: { CONTROL: control } })],
  })
}
