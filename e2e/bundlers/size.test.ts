import { fileURLToPath } from 'node:url'

import { build, type BuildOptions } from 'esbuild'
import { expect, test } from 'vitest'

import bpf from '../../plugin/esbuild.ts'

/** The built package's own files, as agents bundle them. */
async function minified(options: BuildOptions): Promise<string> {
  const { outputFiles = [] } = await build({
    ...options,
    write: false,
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    plugins: [bpf({ types: false })],
  })
  return outputFiles.map(({ text }) => text).join('')
}

const minimal = fileURLToPath(new URL('../bench/programs/minimal.mjs', import.meta.url))

/** Characters, the object in base64 left out. What is added to the runtime may raise it: see that it must. */
const limit = 120_000

test('an agent of a hash map, a ring buffer and a tracepoint carries little of the runtime', async () => {
  const text = await minified({ entryPoints: [minimal] })
  const withoutObject = text.replace(/"[\w+/=]{1000,}"/, '')
  expect(withoutObject.length).toBeLessThan(text.length - 1000)
  expect(withoutObject.length).toBeLessThan(limit)
})

test('what is not used leaves the bundle', async () => {
  const text = await minified({
    stdin: {
      contents: `export { jsonReplacer } from 'unplugin-bpf/runtime'`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
  })
  expect(text).toContain('bigint')
  expect(text.length).toBeLessThan(1000)
})
