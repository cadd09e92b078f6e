import { readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as immediate } from 'node:timers/promises'

import { expect, it, onTestFinished, vi } from 'vitest'

import { buildModule, type SkeletonModule } from '../../src/codegen/skeleton-module.ts'
import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { readChecksummed, writeChecksummed } from '../../src/compile/cache/checksummed-file.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { PRELUDE, project } from './project.ts'

const files = {
  'tsconfig.json': '{}',
  'own.h': '/** How often. */\nint count;\n',
  'a.bpf.c': `${PRELUDE}#include "own.h"
struct key { char a; int b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, int); } counts SEC(".maps");
`,
}

function cached() {
  const folder = project(files)
  // What is saved while it is built is not kept.
  for (const name of Object.keys(files)) utimesSync(join(folder, name), 0, 0)
  const source = join(folder, 'a.bpf.c')
  const modules = join(folder, 'node_modules/.cache/unplugin-bpf/modules')
  const build = (options?: Options): Promise<SkeletonModule> => buildModule(source, options)
  const entries = (): string[] => readdirSync(modules).map((name) => join(modules, name))
  return { folder, source, build, entries }
}

it('has the texts of the skeleton, and its warnings', async () => {
  const { build, source, folder } = cached()
  const { code, browserCode, declarationsFor, dependencies, diagnostics } =
    await buildSkeleton(source)
  const file = join(folder, '.bpf/types/a.bpf.d.c.ts')
  const declarations = { file, content: declarationsFor?.(file) }
  expect(diagnostics).toMatchObject([{ severity: 'warning' }])
  const texts = { code, browserCode, declarations, dependencies, diagnostics }
  expect(await build()).toEqual(texts)
  expect(await build(), 'from the cache').toEqual(texts)
})

it('is generated once', async () => {
  const { build, entries } = cached()
  await build()
  const [entry = ''] = entries()
  const { content } = readChecksummed(entry) ?? {}
  const marked = JSON.stringify({ ...JSON.parse(`${content}`), code: 'kept' })
  await writeChecksummed(entry, Buffer.from(marked), 1)
  expect((await build()).code).toBe('kept')
})

it('needs no generator for what the cache has', async () => {
  const { source } = cached()
  const inNewProcess = async (): Promise<SkeletonModule> => {
    vi.resetModules()
    const module = await import('../../src/codegen/skeleton-module.ts')
    return module.buildModule(source)
  }
  const first = await inNewProcess()
  const load = vi.fn()
  vi.doMock('../../src/codegen/skeleton.ts', (original) => {
    load()
    return original()
  })
  onTestFinished(() => void vi.doUnmock('../../src/codegen/skeleton.ts'))
  expect(await inNewProcess()).toEqual(first)
  await immediate()
  expect(load).not.toHaveBeenCalled()
  writeFileSync(source, `${files['a.bpf.c']}\n`)
  await inNewProcess()
  expect(load).toHaveBeenCalledTimes(1)
})

it.each([
  ['cut', (entry: string) => truncateSync(entry, 1000)],
  ['empty', (entry: string) => truncateSync(entry, 0)],
  ['with other content', (entry: string) => writeFileSync(entry, readFileSync(entry).fill(32, 64))],
])('is generated again where what was kept is %s', async (_, damage) => {
  const { build, entries } = cached()
  const first = await build()
  entries().forEach(damage)
  expect(await build()).toEqual(first)
})

it('is another when a comment in C changes, of which the object tells nothing', async () => {
  const { build, folder } = cached()
  await build()
  writeFileSync(join(folder, 'own.h'), files['own.h'].replace('How often', 'How seldom'))
  expect((await build()).declarations?.content).toContain('How seldom')
})

it.each<Options>([
  { types: false },
  { types: { dir: 'elsewhere' } },
  { minKernel: '4.4' },
  { arch: ['arm64', 'x86'] },
  { arch: ['x86', 'arm64'] },
])('is another with the options %o', async (options) => {
  const { build } = cached()
  await build()
  expect(await build(options)).toEqual(await build({ ...options, cache: false }))
})

it('is not kept without a cache, nor when the C is wrong', async () => {
  const { build, entries, folder } = cached()
  await build({ cache: false })
  writeFileSync(join(folder, 'own.h'), 'int count')
  const { code, diagnostics } = await build()
  expect(code).toBeUndefined()
  expect(diagnostics.some(({ severity }) => severity === 'error')).toBe(true)
  expect(entries).toThrow(/ENOENT/u)
})
