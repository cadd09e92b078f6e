import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

import { rspack } from '@rspack/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import webpack from 'webpack'

import type { Options } from '../../src/compile/options/options.ts'
import { loading } from '../loading.ts'
import { agentFiles, greeting, type Project, runAgent, Workspace } from './project.ts'

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

interface Result {
  readonly errors: string
  readonly warnings: string
  readonly watched: readonly string[]
}

/** Builds agent.js to dist/agent.mjs with a rule for the loader, and no plugin. */
type Build = (target: 'node20' | 'web', options?: Options) => Promise<Result>

/** What webpack and Rspack, whose types are not alike, both take. */
function configuration(target: 'node20' | 'web', options: Options) {
  const loader = createRequire(project.path('package.json')).resolve('unplugin-bpf/loader')
  return {
    context: project.folder,
    mode: 'production' as const,
    optimization: { minimize: false },
    target,
    entry: './agent.js',
    output: { path: project.path('dist'), filename: 'agent.mjs', module: true },
    externals: { 'unplugin-bpf/koffi': 'node-commonjs unplugin-bpf/koffi' },
    module: { rules: [{ test: /\.bpf\.c$/, use: [{ loader, options: { ...options } }] }] },
  }
}

interface Stats {
  toString(options: object): string
  readonly compilation: { readonly fileDependencies: Iterable<string> }
}

/** Resolves to what the callback of webpack and Rspack is given. */
function result(run: (ended: (error: Error | null, stats?: Stats) => void) => unknown) {
  return new Promise<Result>((resolve, reject) => {
    run((error, stats) => {
      if (error || !stats) return reject(error ?? new Error('there are no results'))
      return resolve({
        errors: stats.toString({ all: false, errors: true }),
        warnings: stats.toString({ all: false, warnings: true }),
        watched: [...stats.compilation.fileDependencies],
      })
    })
  })
}

const hosts: Record<string, Build> = {
  webpack: (target, options = {}) => {
    const experiments = { outputModule: true }
    return result((ended) => webpack({ ...configuration(target, options), experiments }, ended))
  },
  Rspack: (target, options = {}) =>
    result((ended) => rspack(configuration(target, options), ended)),
}

describe.each(Object.entries(hosts))('the loader in %s', (_, build) => {
  it.skipIf(!loading.possible)(
    `makes an agent that runs in the kernel${loading.otherwise}`,
    async () => {
      const { errors, watched } = await build('node20')
      expect(errors).toBe('')
      const sources = ['calls.bpf.c', 'calls.h'].map((file) => project.path(file))
      expect(watched).toEqual(expect.arrayContaining(sources))
      expect(await runAgent(project.path('dist/agent.mjs'))).toEqual(greeting(1))
      expect(await readFile(project.path('.bpf/types/calls.bpf.d.c.ts'), 'utf8')).toContain('call')
    },
  )

  it('takes options, whose paths start at the root', async () => {
    await project.edit('calls.bpf.c', '"calls.h"', '<elsewhere.h>')
    await project.write('headers/elsewhere.h', '#include "../calls.h"\n')
    const { errors } = await build('node20', { include: ['headers'], types: false })
    expect(errors).toBe('')
  })

  it('says what is wrong with the C, and where', async () => {
    await project.edit('calls.bpf.c', 'if (!call)', 'if (!calll)')
    const { errors } = await build('node20')
    expect(errors).toMatch(/calls\.bpf\.c:24:7: error: use of undeclared identifier 'calll'/)
    await project.edit('calls.bpf.c', 'if (!calll)', 'int unused;\n\tif (!call)')
    const { warnings } = await build('node20', { cflags: ['-Wunused-variable'] })
    expect(warnings).toMatch(/calls\.bpf\.c:24:6: warning: unused variable 'unused'/)
  })

  it('names a wrong option', async () => {
    const { errors } = await build('node20', { clangg: 'clang' } as Options)
    expect(errors).toMatch(/option clangg is unknown: did you mean clang\?/)
  })

  it('gives a browser types and no object', async () => {
    await project.write('agent.js', "import { types } from './calls.bpf.c'\nconsole.log(types)\n")
    const { errors } = await build('web')
    expect(errors).toBe('')
    // \x7fELF in base64.
    expect(await readFile(project.path('dist/agent.mjs'), 'utf8')).not.toContain('f0VMRg')
  })
})
