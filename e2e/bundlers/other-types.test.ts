import { readFile } from 'node:fs/promises'

import { rspack } from '@rspack/core'
import * as esbuild from 'esbuild'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { build as viteBuild, createLogger, type Logger } from 'vite'
import { build as viteBuild6 } from 'vite-6'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import webpack from 'webpack'

import bpfForEsbuild from '../../plugin/esbuild.ts'
import bpfForRolldown from '../../plugin/rolldown.ts'
import bpfForRollup from '../../plugin/rollup.ts'
import bpfForRspack from '../../plugin/rspack.ts'
import bpfForVite from '../../plugin/vite.ts'
import bpfForWebpack from '../../plugin/webpack.ts'
import { agentFiles, importFresh, type Project, Workspace } from './project.ts'

let workspace: Workspace
let project: Project
beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  project = await workspace.project(agentFiles)
})

const source = agentFiles['calls.bpf.c']
const attributes = `import text from './calls.bpf.c' with { type: 'text' }
import { defines } from './calls.bpf.c'
export default { text, mark: defines.MARK }`
const raw = attributes.replace("' with { type: 'text' }", "?raw'")
const url = raw.replace('?raw', '?url')

const packed = (pack: typeof webpack | typeof rspack, plugin: unknown): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = {
      context: project.folder,
      mode: 'development',
      devtool: false,
      target: 'node20',
      entry: './entry.js',
      experiments: { outputModule: true },
      output: {
        path: project.path('dist'),
        filename: 'out.mjs',
        module: true,
        library: { type: 'module' },
      },
      plugins: [plugin],
    }
    // Their types differ in what is not used here.
    const run = pack as (
      options: object,
      ended: (error: Error | null, stats: unknown) => void,
    ) => void
    run(options, (error, stats) => {
      const { hasErrors, toString } = (stats ?? {}) as { hasErrors?(): boolean; toString(): string }
      if (error || hasErrors?.call(stats)) reject(error ?? new Error(toString.call(stats)))
      else resolve()
    })
  })

const bundlers: Record<string, () => Promise<void>> = {
  async esbuild() {
    await esbuild.build({
      absWorkingDir: project.folder,
      entryPoints: ['entry.js'],
      outfile: 'dist/out.mjs',
      bundle: true,
      platform: 'node',
      format: 'esm',
      logLevel: 'silent',
      loader: { '.c': 'text' },
      plugins: [bpfForEsbuild()],
    })
  },
  async Rollup() {
    const text = {
      name: 'text',
      load(_: string, options?: { attributes?: Record<string, string> }): string | undefined {
        return options?.attributes?.['type'] === 'text'
          ? `export default ${JSON.stringify(source)}`
          : undefined
      },
    }
    const input = project.path('entry.js')
    const bundle = await rollup({ input, external: /^node:/, plugins: [bpfForRollup(), text] })
    await bundle.write({ file: project.path('dist/out.mjs'), format: 'es' })
    await bundle.close()
  },
  webpack: () => packed(webpack, bpfForWebpack()),
  Rspack: () => packed(rspack, bpfForRspack()),
  async Vite() {
    await viteBuild({
      root: project.folder,
      configFile: false,
      logLevel: 'silent',
      build: { ssr: 'entry.js', rollupOptions: { output: { entryFileNames: 'out.mjs' } } },
      plugins: [bpfForVite()],
    })
  },
}

async function built(bundler: string, entry: string): Promise<{ text: unknown; mark: unknown }> {
  await project.write('entry.js', entry)
  await bundlers[bundler]?.()
  return (
    await importFresh<{ default: { text: unknown; mark: unknown } }>(project.path('dist/out.mjs'))
  ).default
}

const warned = (bundler: string, advice: string): unknown =>
  expect.stringContaining(
    `entry.ts imports ./calls.bpf.c with { type: 'text' }, which ${bundler} does not show to plugins: the import gives the skeleton. ${advice}`,
  )

describe("type: 'text' where plugins see no attributes is warned of, and gives the skeleton", () => {
  const entry = `// import commented from './calls.bpf.c' with { type: 'text' }
import skel from './calls.bpf.c' with { type: 'text' }
const later = () => import('./calls.bpf.c', { with: { type: 'text' } })
const kind: string = typeof skel.open
export default { text: kind, mark: later }`

  it('Rolldown', async () => {
    await project.write('entry.ts', entry)
    const messages: string[] = []
    const bundle = await rolldown({
      input: project.path('entry.ts'),
      external: /^node:/,
      plugins: [bpfForRolldown()],
      onLog: (_, log) => messages.push(log.message),
    })
    const [{ code }] = (await bundle.generate({ codeSplitting: false })).output
    await bundle.close()
    const warning = warned('Rolldown', 'For its text, read the file with node:fs')
    expect(messages).toEqual([warning, warning])
    expect(code).toContain('calls_bpf')
  })

  it.each([
    ['Vite 8', viteBuild],
    ['Vite 6', viteBuild6 as unknown as typeof viteBuild],
  ])('%s', async (_, build) => {
    await project.write('entry.ts', entry)
    const messages: string[] = []
    const logger = { ...createLogger('silent'), warn: (text: string) => messages.push(text) }
    await build({
      root: project.folder,
      configFile: false,
      customLogger: logger as Logger,
      build: { ssr: 'entry.ts', write: false },
      plugins: [bpfForVite()],
    })
    const warning = warned('Vite', "For its text, import './calls.bpf.c?raw'")
    expect(messages.filter((message) => message.includes('unplugin-bpf]'))).toEqual([
      warning,
      warning,
    ])
  })
})

describe('what an import of a source says it wants is left to the bundler', () => {
  it.each(['esbuild', 'webpack', 'Rspack'])("type: 'text' in %s", async (bundler) => {
    expect(await built(bundler, attributes)).toEqual({ text: source, mark: 1 })
  })

  it("type: 'text' in Rollup, to the plugin that knows it", async () => {
    // Rollup has one module for a file, whatever is asked of it.
    const entry = attributes.replace(/import \{ defines.*\n/, '').replace('defines.MARK', '0')
    expect(await built('Rollup', entry)).toEqual({ text: source, mark: 0 })
  })

  it.each(['esbuild', 'Vite'])('?raw in %s', async (bundler) => {
    expect(await built(bundler, raw)).toEqual({ text: source, mark: 1 })
  })

  it('?url in Vite', async () => {
    const { text, mark } = await built('Vite', url)
    expect([text, mark]).toEqual([expect.stringMatching(/^(?:\/assets\/calls|data:)/), 1])
    expect(await readFile(project.path('dist/out.mjs'), 'utf8')).toContain('MARK')
  })
})
