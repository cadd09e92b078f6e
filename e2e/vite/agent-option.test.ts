import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { createServer, isRunnableDevEnvironment } from 'vite'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import bpf from '../../plugin/vite.ts'
import { agentFiles, type Project, Workspace } from '../bundlers/project.ts'
import { startDevServer } from './dev-server.ts'
import { Running } from './running.ts'

let workspace: Workspace
let project: Project

/** Loads nothing into the kernel: what it was built from is seen without. */
const agent = `import { defines } from './calls.bpf.c'
console.log('the agent runs with', defines.MARK)
`
const config = `import bpf from 'unplugin-bpf/vite'
export default { plugins: [bpf({ agent: 'agent.ts' })] }
`

beforeAll(async () => {
  workspace = await Workspace.create(['vite'])
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  project = await workspace.project({
    ...agentFiles,
    'agent.ts': agent,
    'vite.config.js': config,
  })
})

function run(script: string): Running {
  const running = new Running(project.folder, ['--input-type=module', '--eval', script])
  onTestFinished(async () => void (await running.end()))
  return running
}

async function dev(): Promise<Running> {
  const { process } = await startDevServer(project.folder)
  onTestFinished(async () => void (await process.end()))
  return process
}

describe('the agent', () => {
  it('may be named in package.json', async () => {
    await project.write(
      'package.json',
      '{ "type": "module", "unplugin-bpf": { "agent": "agent.ts" } }',
    )
    await project.edit('vite.config.js', "{ agent: 'agent.ts' }", '')
    await (await dev()).until('the agent runs with 1')
  })

  it('may use syntax that this Node lacks', async () => {
    await project.write(
      'agent.ts',
      `import { defines } from './calls.bpf.c'
{
  using end = { [Symbol.dispose]: () => console.log('at its end') }
  console.log('begins', defines.MARK, !end)
}
`,
    )
    await (await dev()).until('begins 1 false\nat its end')
  })

  it('may import a source whose own folder does not see the package', async () => {
    const alone = await mkdtemp(join(tmpdir(), 'unplugin-bpf-alone-'))
    onTestFinished(() => rm(alone, { recursive: true }))
    for (const name of ['calls.bpf.c', 'calls.h']) await cp(project.path(name), join(alone, name))
    await project.write(
      'agent.ts',
      `import { BpfError } from 'unplugin-bpf/runtime'
import skel from '${join(alone, 'calls.bpf.c')}'
try {
  skel.open({ relaxedMaps: 'neither true nor false', objectName: 0 })
} catch (error) {
  console.log('one runtime:', error instanceof BpfError || error instanceof TypeError)
}
`,
    )
    await (await dev()).until('one runtime: true')
  })

  it('does not run in Vitest', async () => {
    await project.write('agent.ts', 'globalThis.agentRan = true')
    const server = await createServer({
      root: project.folder,
      configFile: false,
      server: { port: 0 },
      plugins: [bpf({ agent: 'agent.ts' })],
    })
    onTestFinished(() => server.close())
    await server.listen()
    const { ssr } = server.environments
    if (!isRunnableDevEnvironment(ssr)) throw new Error('Vite runs modules in ssr')
    await ssr.runner.import('/calls.bpf.c')
    expect(globalThis).not.toHaveProperty('agentRan')
  })

  it('does not run in middleware mode', async () => {
    const server = run(`import { createServer, isRunnableDevEnvironment } from 'vite'
await createServer({ server: { middlewareMode: true, ws: false } })
setTimeout(() => console.log('nothing ran'), 2000)`)
    await server.until('nothing ran')
    expect(server.unread).not.toContain('the agent runs')
  })
})

it('runs a server module of another plugin anew when a header changes, without the option', async () => {
  const server = run(`import bpf from 'unplugin-bpf/vite'
import { createServer, isRunnableDevEnvironment } from 'vite'
const server = await createServer({ configFile: false, plugins: [bpf()], server: { port: 0 } })
await server.listen()
await server.environments.ssr.runner.import('/agent.ts')`)
  await server.until('the agent runs with 1')
  await project.edit('calls.h', 'MARK 1', 'MARK 2')
  await server.until('the agent runs with 2')
  await project.edit('calls.h', 'MARK 2', 'MARK ) syntax')
  await project.edit('calls.h', '__u32 mark;', '__u33 mark;')
  await server.until('calls.bpf.c does not build')
  expect(server.unread).not.toContain('the agent runs')
})
