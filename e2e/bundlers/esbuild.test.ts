import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

import * as esbuild from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import bpf from '../../plugin/esbuild.ts'
import type { Codec, Skeleton } from '../../src/runtime/index.ts'
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

interface Page {
  skel: Skeleton
  types: { call: Codec<object> }
}

let workspace: Workspace
let project: Project

beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())
beforeEach(async () => {
  project = await workspace.project(agentFiles)
})

const options = (): esbuild.BuildOptions => ({
  absWorkingDir: project.folder,
  entryPoints: ['agent.ts'],
  outfile: 'dist/agent.js',
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'silent',
  plugins: [bpf()],
})

const bundle = (): Promise<string> => readFile(project.path('dist/agent.js'), 'utf8')

async function failure(build: Promise<unknown>): Promise<esbuild.BuildFailure> {
  try {
    await build
  } catch (error) {
    return error as esbuild.BuildFailure
  }
  throw new Error('the build succeeds')
}

it.skipIf(!loading.possible)(
  `bundles an agent that runs in the kernel${loading.otherwise}`,
  async () => {
    await esbuild.build({ ...options(), minify: true })
    expect(await runAgent(project.path('dist/agent.js'))).toEqual(greeting(1))
  },
)

describe('for several architectures', () => {
  beforeEach(async () => {
    const [own, other] = process.arch === 'x64' ? ['x86', 'arm64'] : ['arm64', 'x86']
    await project.write('package.json', `{"unplugin-bpf":{"arch":["${other}","${own}"]}}`)
    await esbuild.build({ ...options(), outfile: 'dist/agent.mjs' })
  })

  it.skipIf(!loading.possible)(`the agent runs on one of them${loading.otherwise}`, async () => {
    expect(await runAgent(project.path('dist/agent.mjs'))).toEqual(greeting(1))
  })

  it('the agent says on another what it was built for', async () => {
    await project.write(
      'elsewhere.mjs',
      "Object.defineProperty(process, 'arch', { value: 'riscv64' })",
    )
    const run = execFile('node', ['--import', './elsewhere.mjs', 'dist/agent.mjs'], {
      cwd: project.folder,
    })
    expect(await text(run.stderr ?? Readable.from([]))).toMatch(
      /BpfError: cannot open calls_bpf: it was compiled for (x86 and arm64|arm64 and x86), and this machine is riscv\. Build it with riscv in the option arch/,
    )
  })
})
it.skipIf(!loading.possible)(
  `copies koffi beside the bundle when asked${loading.otherwise}`,
  async () => {
    await esbuild.build({
      ...options(),
      outfile: 'dist/agent.mjs',
      plugins: [bpf({ native: 'copy' })],
    })
    expect(await runAlone(project.path('dist'), 'agent.mjs')).toEqual(greeting(1))
  },
)

it('imports nothing but modules of Node: koffi is looked for at the first open()', async () => {
  const { metafile } = await esbuild.build({ ...options(), metafile: true })
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports)
  expect(imports.filter(({ path }) => !path.startsWith('node:'))).toEqual([])
})

it('finds the runtime for a source whose own folder does not see the package', async () => {
  const alone = await mkdtemp(join(tmpdir(), 'unplugin-bpf-alone-'))
  onTestFinished(() => rm(alone, { recursive: true }))
  await cp(project.path('calls.bpf.c'), join(alone, 'calls.bpf.c'))
  await cp(project.path('calls.h'), join(alone, 'calls.h'))
  await project.edit('agent.ts', './calls.bpf.c', join(alone, 'calls.bpf.c'))
  await esbuild.build(options())
  expect(await bundle()).not.toContain('unplugin-bpf/internal')
})

const browser = (): esbuild.BuildOptions => ({
  ...options(),
  entryPoints: ['page.js'],
  platform: 'browser',
})

describe('for a browser', () => {
  beforeEach(() =>
    project.write('page.js', "export { default as skel, types } from './calls.bpf.c'\n"),
  )

  it('the module has types, no object, and an open() that says why', async () => {
    await esbuild.build(browser())
    const page = await importFresh<Page>(project.path('dist/agent.js'))
    const bytes = new Uint8Array(32)
    bytes.set([104, 105], 16)
    expect(page.types.call.decode(bytes)).toEqual({ number: 0n, pid: 0, mark: 0, greeting: 'hi' })
    expect(() => page.skel.open()).toThrow(expect.objectContaining({ code: 'ERR_BPF_UNSUPPORTED' }))
    // \x7fELF in base64.
    expect(await bundle()).not.toContain('f0VMRg')
    expect(await bundle()).not.toContain('node:')
  })

  it('is what esbuild bundles for when nothing is said, which is warned of', async () => {
    const { warnings } = await esbuild.build({ ...browser(), platform: undefined })
    expect(warnings).toMatchObject([{ text: expect.stringContaining("Set platform: 'node'") }])
  })
})

describe('diagnostics', () => {
  it('are esbuild errors with place, source line, fix-it and note', async () => {
    await project.edit('calls.bpf.c', 'if (!call)', 'if (!calll)')
    const { errors } = await failure(esbuild.build(options()))
    expect(errors).toHaveLength(1)
    expect(errors).toMatchObject([
      {
        pluginName: 'unplugin-bpf',
        text: "use of undeclared identifier 'calll'; did you mean 'call'?",
        location: {
          file: 'calls.bpf.c',
          line: 24,
          column: 6,
          length: 5,
          lineText: '\tif (!calll)',
        },
        notes: [
          { location: { file: 'calls.bpf.c', line: 24, column: 6, suggestion: 'call' } },
          {
            text: "'call' declared here",
            location: { file: 'calls.bpf.c', line: 19, lineText: '\tstruct call *call;' },
          },
          { text: 'The plugin "unplugin-bpf" was triggered by this import' },
        ],
      },
    ])
  })

  it('of a header name the header, and where it came in', async () => {
    await project.edit('calls.h', '__u32 mark;', '__u33 mark;')
    const { errors } = await failure(esbuild.build(options()))
    expect(errors[0]?.location).toMatchObject({
      file: 'calls.h',
      line: 6,
      lineText: '\t__u33 mark;',
    })
    expect(errors[0]?.notes.map(({ text }) => text)).toContain('included from here')
  })

  it('of a build that succeeds are warnings', async () => {
    await project.edit('calls.bpf.c', 'struct call *call;', 'struct call *call;\n\tint unused;')
    const { warnings } = await esbuild.build({
      ...options(),
      plugins: [bpf({ cflags: ['-Wunused-variable'] })],
    })
    expect(warnings).toMatchObject([
      {
        text: "unused variable 'unused' [-Wunused-variable]",
        location: { file: 'calls.bpf.c', line: 20 },
      },
    ])
  })

  it('say what to install where there is no clang', async () => {
    const plugins = [bpf({ clang: 'no-such-clang' })]
    const { errors } = await failure(esbuild.build({ ...options(), plugins }))
    expect(errors).toMatchObject([{ text: expect.stringContaining('no-such-clang') }])
  })

  it('name a misspelt option when the plugin is made', () => {
    // @ts-expect-error no such option
    expect(() => bpf({ clangg: 'clang' })).toThrow(/clangg is unknown: did you mean clang\?/)
  })
})

async function watch(): Promise<Rounds<esbuild.BuildResult>> {
  const rounds = new Rounds<esbuild.BuildResult>()
  const collect: esbuild.Plugin = {
    name: 'collect',
    setup: (build) => build.onEnd((result) => rounds.add(result)),
  }
  const context = await esbuild.context({ ...options(), plugins: [bpf(), collect] })
  onTestFinished(() => context.dispose())
  await context.watch()
  return rounds
}
/** Of the header that the bundle was built from. */
async function mark(): Promise<number> {
  const { defines } = await importFresh<{ defines: { MARK: number } }>(
    project.path('dist/agent.js'),
  )
  return defines.MARK
}

describe('watch', () => {
  beforeEach(() => project.write('agent.ts', "export { defines } from './calls.bpf.c'\n"))

  it('rebuilds when a header changes', async () => {
    const rounds = await watch()
    expect((await rounds.next()).errors).toEqual([])
    expect(await mark()).toBe(1)
    await project.edit('calls.h', 'MARK 1', 'MARK 2')
    expect((await rounds.next()).errors).toEqual([])
    // esbuild may see the folder change first, in which it has written.
    await expect.poll(mark, { timeout: 20_000 }).toBe(2)
  })

  it('rebuilds when the header is mended that broke the first build', async () => {
    await project.edit('calls.h', '__u32 mark', '__u33 mark')
    const rounds = await watch()
    expect((await rounds.next()).errors).toHaveLength(1)
    await project.edit('calls.h', '__u33 mark', '__u32 mark')
    expect((await rounds.next()).errors).toEqual([])
    expect(await mark()).toBe(1)
  })
})
