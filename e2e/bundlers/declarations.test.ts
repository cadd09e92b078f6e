import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { build } from 'tsdown'
import { afterAll, beforeAll, expect, it } from 'vitest'

import bpf from '../../plugin/rolldown.ts'
import { agentFiles, Workspace } from './project.ts'

let workspace: Workspace

beforeAll(async () => {
  workspace = await Workspace.create()
})
afterAll(() => workspace?.remove())

const compilerOptions = {
  strict: true,
  module: 'nodenext',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: [],
  noEmit: true,
  skipLibCheck: true,
  declaration: true,
  allowArbitraryExtensions: true,
  rootDirs: ['.', '.bpf/types'],
}

/** Those of the compiler; and, where every export says its type, of a parser alone. */
it.each([false, true])(
  'tsdown bundles declarations that import a .bpf.c, isolated or not: %s',
  async (isolatedDeclarations) => {
    const { 'agent.ts': _, ...files } = agentFiles
    const project = await workspace.project({
      ...files,
      'tsconfig.json': JSON.stringify({
        compilerOptions: { ...compilerOptions, isolatedDeclarations },
        include: ['*.ts'],
      }),
      'index.ts': `import skel, { types, type call } from './calls.bpf.c'
export { skel, types, type call }
export function numberOf({ number }: call): bigint { return number }
`,
    })
    await build({
      cwd: project.folder,
      config: false,
      entry: 'index.ts',
      dts: true,
      logLevel: 'silent',
      deps: { neverBundle: [/^unplugin-bpf/, /^koffi/] },
      plugins: [bpf()],
    })
    expect(await readFile(project.path('dist/index.d.mts'), 'utf8')).not.toMatch(/from .*\.bpf\.c/)

    // Who uses it has neither the source nor its declarations.
    await rm(project.path('.bpf'), { recursive: true })
    await rm(project.path('index.ts'))
    await rm(project.path('calls.bpf.c'))
    await project.write(
      'user.ts',
      `import { numberOf, skel, types, type call } from './dist/index.mjs'
const record: call = types.call.decode(new Uint8Array(32))
const number: bigint = numberOf(record)
const count: number = skel.open().maps.calls.maxEntries
// @ts-expect-error there is no such map
skel.open().maps.other
export const seen: unknown = [number, count]
`,
    )
    const compiler = fileURLToPath(
      new URL('../../node_modules/typescript-7/bin/tsc', import.meta.url),
    )
    const check = promisify(execFile)('node', [compiler, '-p', '.'], { cwd: project.folder })
    expect(await check.catch((failure) => failure)).toMatchObject({ stdout: '' })
  },
)
