import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'

let installed: Installed

beforeAll(async () => {
  installed = await installPackage()
})
afterAll(() => installed?.remove())

/** What TypeScript before Node's `exports` resolved by: no subpath of any package of ESM alone is found by it. */
const beforeExports = 'node10'

describe('the package', () => {
  it('is as publint would have it', async () => {
    const { buffer } = await readFile(installed.tarball)
    const { messages } = await publint({ pack: { tarball: buffer }, strict: true })
    expect(messages).toEqual([])
  })

  it('has types that resolve for ESM, for CommonJS, which requires ESM, and for bundlers', async () => {
    const data = new Uint8Array(await readFile(installed.tarball))
    const result = await checkPackage(createPackageFromTarballData(data))
    const problems = result.types ? result.problems : expect.unreachable('it has no types')
    const unexpected = problems.filter(
      (problem) =>
        problem.kind !== 'CJSResolvesToESM' &&
        !('resolutionKind' in problem && problem.resolutionKind === beforeExports),
    )
    expect(unexpected).toEqual([])
  })

  it('names its own sources in stack traces', async () => {
    const script = `
      import bpf from 'unplugin-bpf/esbuild'
      bpf({ clang: 5 })`
    const args = ['--enable-source-maps', '--input-type=module', '-e', script]
    const failure = await promisify(execFile)('node', args, { cwd: installed.app }).catch(
      (error) => error.stderr,
    )
    expect(failure).toMatch(/TypeError: unplugin-bpf: option clang must be a string, got 5/)
    expect(failure).toMatch(
      /at validateOptions \(.*\/src\/compile\/options\/validate-options\.ts:\d+:\d+\)/,
    )
  })

  it.each(['vite', 'rollup', 'rolldown', 'webpack', 'rspack', 'esbuild', 'farm', 'bun'])(
    'gives require() the function of unplugin-bpf/%s, and its default',
    async (name) => {
      const script = `
        const plugin = require('unplugin-bpf/${name}')
        console.log(typeof plugin, plugin.default === plugin)`
      const args = ['--no-warnings', '-e', script]
      const { stdout } = await promisify(execFile)('node', args, { cwd: installed.app })
      expect(stdout).toBe('function true\n')
    },
  )
})
