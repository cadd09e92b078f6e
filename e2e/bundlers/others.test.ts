import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify, stripVTControlCharacters } from 'node:util'

import { rspack } from '@rspack/core'
import { rolldown } from 'rolldown'
import { rollup } from 'rollup'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import webpack from 'webpack'

import bpfForRolldown from '../../plugin/rolldown.ts'
import bpfForRollup from '../../plugin/rollup.ts'
import bpfForRspack from '../../plugin/rspack.ts'
import bpfForWebpack from '../../plugin/webpack.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { loading } from '../loading.ts'
import {
  agentFiles,
  greeting,
  importFresh,
  type Project,
  runAgent,
  runAlone,
  Workspace,
} from './project.ts'

let workspace: Workspace
let project: Project

beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  const { 'agent.ts': agent, ...files } = agentFiles
  project = await workspace.project({ ...files, 'agent.js': agent })
})

/** Of agent.js to dist/agent.mjs. Resolves to what a watcher of the bundler would watch, where it tells. */
type Build = (options?: Options) => Promise<readonly string[] | undefined>

interface Stats {
  hasErrors(): boolean
  toString(options: object): string
  readonly compilation: { readonly fileDependencies: Iterable<string> }
}

/** The callback of webpack and Rspack. */
function ended(
  resolve: (files: readonly string[]) => void,
  reject: (reason: Error) => void,
): (error: Error | null, stats?: Stats) => void {
  return (error, stats) => {
    if (error || !stats) return reject(error ?? new Error('there are no results'))
    if (stats.hasErrors()) return reject(new Error(stats.toString({ all: false, errors: true })))
    return resolve([...stats.compilation.fileDependencies])
  }
}

type Target = 'node20' | 'web'

const webpackOptions = (target: Target) =>
  ({
    context: project.folder,
    mode: 'production',
    optimization: { minimize: false },
    target,
    entry: './agent.js',
    output: { path: project.path('dist'), filename: 'agent.mjs', module: true },
  }) as const

const buildWithWebpack = (target: Target, options?: Options): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const plugins = [bpfForWebpack(options)]
    const experiments = { outputModule: true }
    webpack({ ...webpackOptions(target), experiments, plugins }, ended(resolve, reject))
  })

const buildWithRspack = (target: Target, options?: Options): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    const plugins = [bpfForRspack(options)]
    rspack({ ...webpackOptions(target), plugins }, ended(resolve, reject))
  })

const bundlers: Record<string, Build> = {
  async Rollup(options) {
    const bundle = await rollup({
      input: project.path('agent.js'),
      external: /^node:/,
      plugins: [bpfForRollup(options)],
    })
    await bundle.write({ file: project.path('dist/agent.mjs'), format: 'es' })
    await bundle.close()
    return bundle.watchFiles
  },

  async Rolldown(options) {
    const bundle = await rolldown({
      input: project.path('agent.js'),
      platform: 'node',
      plugins: [bpfForRolldown(options)],
    })
    await bundle.write({ file: project.path('dist/agent.mjs'), format: 'es' })
    const files = await bundle.watchFiles
    await bundle.close()
    return files
  },

  webpack: (options) => buildWithWebpack('node20', options),

  Rspack: (options) => buildWithRspack('node20', options),

  /** In a process of its own, which it ends when a build fails. */
  async Farm(options) {
    await project.write(
      'farm.mjs',
      `import { build } from '${import.meta.resolve('@farmfe/core')}'
      import bpf from 'unplugin-bpf/farm'
      const output = { path: 'dist', entryFilename: '[entryName].mjs', targetEnv: 'node-next', format: 'esm' }
      await build({
        compilation: { input: { agent: './agent.js' }, output, persistentCache: false, progress: false },
        plugins: [bpf(${JSON.stringify(options)})],
      })`,
    )
    await promisify(execFile)('node', ['farm.mjs'], { cwd: project.folder })
    return undefined
  },
}

describe.each(Object.entries(bundlers))('%s', (name, build) => {
  it.skipIf(!loading.possible)(
    `bundles an agent that runs in the kernel${loading.otherwise}`,
    async () => {
      await build()
      expect(await runAgent(project.path('dist/agent.mjs'))).toEqual(greeting(1))
    },
  )

  it.skipIf(!loading.possible || name === 'Farm')(
    `copies koffi beside the bundle when asked${name === 'Farm' ? ' (Farm cannot)' : loading.otherwise}`,
    async () => {
      await build({ native: 'copy' })
      expect(await runAlone(project.path('dist'), 'agent.mjs')).toEqual(greeting(1))
    },
  )

  it('refuses C that does not compile, and says where', async () => {
    await project.edit('calls.bpf.c', 'if (!call)', 'if (!calll)')
    const { message } = await build().then(
      () => expect.unreachable(),
      (error: Error) => error,
    )
    const said = stripVTControlCharacters(message)
    expect(said).toContain("use of undeclared identifier 'calll'; did you mean 'call'?")
    expect(said).toMatch(/calls\.bpf\.c:24:7\b/)
    expect(said).not.toContain('Module parse failed')
  })

  it.skipIf(name === 'Farm')(
    `watches the source and its headers${name === 'Farm' ? ' (Farm does not tell)' : ''}`,
    async () => {
      const files = await build()
      expect(files).toEqual(
        expect.arrayContaining(['calls.bpf.c', 'calls.h'].map((file) => project.path(file))),
      )
    },
  )
})

describe.each([
  ['webpack', buildWithWebpack],
  ['Rspack', buildWithRspack],
])('%s for a browser', (_, build) => {
  it('gives types and no object', async () => {
    await project.write(
      'agent.js',
      "import { types } from './calls.bpf.c'\nglobalThis.size = types.call.size\n",
    )
    await build('web')
    const bundle = await readFile(project.path('dist/agent.mjs'), 'utf8')
    // \x7fELF in base64.
    expect(bundle).not.toContain('f0VMRg')
    await importFresh(project.path('dist/agent.mjs'))
    expect(globalThis).toMatchObject({ size: 32 })
  })
})
