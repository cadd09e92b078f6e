import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'

import type { RolldownWatcher, RolldownWatcherEvent } from 'rolldown'
import { build, createBuilder, type InlineConfig, type Rollup } from 'vite'
import { createBuilder as createBuilder6, type Plugin as VitePlugin6 } from 'vite-6'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import bpf from '../../plugin/vite.ts'
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
import { Rounds } from './rounds.ts'

let workspace: Workspace
let project: Project

beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  project = await workspace.project(agentFiles)
})

const config = (options: Parameters<typeof bpf>[0] = {}): InlineConfig => ({
  root: project.folder,
  configFile: false,
  logLevel: 'silent',
  plugins: [bpf({ agent: 'agent.ts', ...options })],
})

const page = {
  'index.html': '<script type="module" src="/page.ts"></script>',
  'page.ts': "import { types } from './calls.bpf.c'\ndocument.title = types.call.name\n",
}

describe('vite build', () => {
  it.skipIf(!loading.possible)(
    `bundles the agent, runtime inside, so that it runs in the kernel${loading.otherwise}`,
    async () => {
      await build(config())
      expect(await readdir(project.path('dist/server'))).toEqual(['agent.js'])
      expect(await runAgent(project.path('dist/server/agent.js'))).toEqual(greeting(1))
    },
  )

  it.skipIf(!loading.possible).each([
    ['without a page', {}],
    ['with a page', page],
  ])(
    `bundles an agent with top-level await under Vite 6, %s${loading.otherwise}`,
    async (_, files) => {
      for (const [name, text] of Object.entries(files)) await project.write(name, text)
      const plugin = bpf({ agent: 'agent.ts' }) as unknown as VitePlugin6
      const builder = await createBuilder6({
        root: project.folder,
        configFile: false,
        logLevel: 'silent',
        plugins: [plugin],
      })
      await builder.buildApp()
      expect(await runAgent(project.path('dist/server/agent.js'))).toEqual(greeting(1))
    },
  )

  it.skipIf(!loading.possible)(
    `copies koffi beside the bundle when asked${loading.otherwise}`,
    async () => {
      await build(config({ native: 'copy' }))
      expect(await runAlone(project.path('dist/server'), 'agent.js')).toEqual(greeting(1))
    },
  )

  it('imports nothing but modules of Node', async () => {
    await build(config())
    const bundle = await readFile(project.path('dist/server/agent.js'), 'utf8')
    const imports = [...bundle.matchAll(/^import .*?from ['"](.*)['"]/gm)].map(([, from]) => from)
    expect(imports.length).toBeGreaterThan(0)
    expect(imports.filter((from) => !from?.startsWith('node:'))).toEqual([])
  })

  it('builds the client too if it has an entry, without the object', async () => {
    for (const [name, text] of Object.entries(page)) await project.write(name, text)
    const builder = await createBuilder(config(), null)
    await builder.buildApp()
    expect(existsSync(project.path('dist/server/agent.js'))).toBe(true)
    const assets = await readdir(project.path('dist/client/assets'))
    const script = assets.find((name) => name.endsWith('.js'))
    const text = await readFile(project.path(`dist/client/assets/${script}`), 'utf8')
    expect(text).toContain('greeting')
    expect(text).not.toContain('f0VMRg')
  })

  it('leaves other server builds alone', async () => {
    await project.write('other.ts', "export { defines } from './calls.bpf.c'\n")
    await build({ ...config(), build: { ssr: 'other.ts' } })
    expect(await readdir(project.path('dist'))).toEqual(['other.js'])
  })

  it('says which agent there is not', async () => {
    await expect(build(config({ agent: 'nothing.ts' }))).rejects.toThrow(
      `option agent: there is no file ${project.path('nothing.ts')}`,
    )
  })
})

async function failure(): Promise<Rollup.RollupError> {
  try {
    await build(config())
  } catch (error) {
    return error as Rollup.RollupError
  }
  throw new Error('the build succeeds')
}

describe('diagnostics', () => {
  it('are errors with place, code frame, fix-it and note', async () => {
    await project.edit('calls.bpf.c', 'if (!call)', 'if (!calll)')
    const error = await failure()
    const file = project.path('calls.bpf.c')
    expect(error.message).toContain(
      `${file}:24:7: error: use of undeclared identifier 'calll'; did you mean 'call'?`,
    )
    expect(error.message).toContain('24 | \tif (!calll)\n   | \t     ^~~~~')
    expect(error.message).toContain(`${file}:24:7: fix: replace with 'call'`)
    expect(error.message).toContain(`${file}:19:15: note: 'call' declared here`)
  })

  it('name the place for tools', async () => {
    await project.edit('calls.h', '__u32 mark;', '__u33 mark;')
    const error = await failure()
    const [first] = 'errors' in error ? (error.errors as Rollup.RollupError[]) : [error]
    expect(first).toMatchObject({
      plugin: 'unplugin-bpf',
      id: project.path('calls.h'),
      loc: { file: project.path('calls.h'), line: 6, column: 1 },
    })
  })
})

async function watch(): Promise<Rounds<RolldownWatcherEvent>> {
  const rounds = new Rounds<RolldownWatcherEvent>()
  const watcher = (await build({ ...config(), build: { watch: {} } })) as RolldownWatcher
  onTestFinished(() => watcher.close())
  watcher.on('event', (event) => {
    if (event.code === 'BUNDLE_END' || event.code === 'ERROR') rounds.add(event)
  })
  return rounds
}

async function mark(): Promise<number> {
  const { defines } = await importFresh<{ defines: { MARK: number } }>(
    project.path('dist/server/agent.js'),
  )
  return defines.MARK
}

describe('vite build --watch', () => {
  beforeEach(() => project.write('agent.ts', "export { defines } from './calls.bpf.c'\n"))

  it('rebuilds when a header changes', async () => {
    const rounds = await watch()
    await rounds.until(({ code }) => code === 'BUNDLE_END')
    expect(await mark()).toBe(1)
    await project.edit('calls.h', 'MARK 1', 'MARK 2')
    await rounds.until(({ code }) => code === 'BUNDLE_END')
    expect(await mark()).toBe(2)
  })

  it('rebuilds when the header is mended that broke the first build', async () => {
    await project.edit('calls.h', '__u32 mark', '__u33 mark')
    const rounds = await watch()
    await rounds.until(({ code }) => code === 'ERROR')
    await project.edit('calls.h', '__u33 mark', '__u32 mark')
    await rounds.until(({ code }) => code === 'BUNDLE_END')
    expect(await mark()).toBe(1)
  })
})
