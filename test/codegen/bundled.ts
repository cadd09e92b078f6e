import { build } from 'esbuild'

import { sourceOf } from './project.ts'

/** An agent's bundle: `entry` imports the generated module as 'skeleton'. */
export async function bundle(entry: string, code: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: sourceOf('.') },
    alias: {
      'unplugin-bpf/internal': sourceOf('src/runtime/internal.ts'),
      'unplugin-bpf/codec': sourceOf('src/codec/index.ts'),
    },
    plugins: [
      {
        name: 'skeleton',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^skeleton$/ }, ({ path }) => ({ path, namespace: 'skeleton' }))
          onLoad({ filter: /.*/, namespace: 'skeleton' }, () => ({
            contents: code,
            resolveDir: sourceOf('.'),
          }))
        },
      },
    ],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    external: ['koffi', 'unplugin-bpf/koffi'],
    logLevel: 'error',
  })
  return outputFiles[0]?.text ?? ''
}

/** The exports of a generated module. */
export async function evaluate(code: string): Promise<Record<string, unknown>> {
  const text = await bundle("export * from 'skeleton'; export { default } from 'skeleton'", code)
  return import(`data:text/javascript;base64,${Buffer.from(text).toString('base64')}`)
}
