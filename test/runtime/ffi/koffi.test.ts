import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { buildSync } from 'esbuild'
import { beforeEach, expect, it, onTestFinished } from 'vitest'

import manifest from '../../../package.json' with { type: 'json' }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-load-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const contents = `import { koffi } from '${import.meta.dirname}/../../../src/runtime/ffi/koffi.ts'
try { console.log(koffi().version) } catch (error) { console.log(error.message) }`
  buildSync({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'agent.mjs'),
  })
})

function packaged(files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, 'node_modules', name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  return execFileSync(process.execPath, [join(folder, 'agent.mjs')], { encoding: 'utf8' }).trim()
}

const fake = (version: string): string => `module.exports = { version: '${version}' }`
const own = (version: string): Record<string, string> => ({
  'unplugin-bpf/package.json': '{ "exports": { "./koffi": "./koffi.cjs" } }',
  'unplugin-bpf/koffi.cjs': fake(version),
})

it('names every attempt when none succeeds, and what to do', () => {
  expect(packaged({})).toMatch(
    /koffi, which calls libbpf, does not load \(tried unplugin-bpf\/koffi: Cannot find module 'unplugin-bpf\/koffi'; koffi: Cannot find module 'koffi'\)\. Install it beside the agent: npm install koffi@~3\.3\.4/,
  )
})

it.each(['2.16.0', '3.3.3', '3.4.0', '4.3.4', '13.3.4'])('refuses version %s', (version) => {
  expect(packaged(own(version))).toContain(
    `unplugin-bpf/koffi: version ${version}, not 3.3.4 or a later patch; koffi: Cannot find`,
  )
})

it('takes the right version where the first is a wrong one', () => {
  expect(packaged({ ...own('3.4.0'), 'koffi/index.js': fake('3.3.12') })).toBe('3.3.12')
})

it('is of the range that package.json has', () => {
  expect(manifest.dependencies.koffi).toBe('~3.3.4')
})
