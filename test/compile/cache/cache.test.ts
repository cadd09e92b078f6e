import {
  existsSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { prune } from '../../../src/compile/cache/prune.ts'
import { compile, type CompileResult } from '../../../src/compile/compile.ts'
import { countingClang, program, project, write, xdp } from '../project.ts'

const source = `#include "own.h"\n#include <found.h>\n${xdp('int unused; return FOUND;')}`

async function cached() {
  const folder = project({
    'src/a.bpf.c': source,
    'src/own.h': '',
    'inc/found.h': '#define FOUND 1\n',
    'first/other.h': '',
  })
  const { clang, sources } = await countingClang()
  const options = { clang, cwd: folder, include: ['first', 'inc'], cflags: ['-Wunused-variable'] }
  const file = join(folder, 'src/a.bpf.c')
  const build = (): Promise<CompileResult> => compile(file, options)
  return { folder, file, options, sources, build, buildElsewhere: () => elsewhere(file, options) }
}

/** As another process would: with nothing in memory. */
const elsewhere: typeof compile = async (...args) => {
  vi.resetModules()
  const { compile } = await import('../../../src/compile/compile.ts')
  return compile(...args)
}

test('gives the same again, warnings and all, without clang', async () => {
  const { build, buildElsewhere, sources } = await cached()
  const first = await build()
  expect(first.diagnostics).toMatchObject([{ severity: 'warning', flag: '-Wunused-variable' }])
  expect(await build()).toBe(first)
  expect(await buildElsewhere()).toEqual(first)
  expect(sources()).toBe(1)
})

test.each([
  ['the source', 'src/a.bpf.c', `${source}int more;`],
  ['a header', 'inc/found.h', '#define FOUND 2\n'],
  ['a new header that comes before one that was found', 'first/found.h', '#define FOUND 3\n'],
])('%s changes: compiled again', async (_, name, content) => {
  const { build, buildElsewhere, folder, sources } = await cached()
  const { object } = await build()
  write(folder, { [name]: content })
  for (const again of [await build(), await buildElsewhere()]) {
    expect(again.object).not.toEqual(object)
  }
  expect(sources()).toBe(2)
})

test('other files do not matter', async () => {
  const { build, folder, sources } = await cached()
  await build()
  write(folder, { 'src/unrelated.h': '', 'inc/own.h': '' })
  await build()
  expect(sources()).toBe(1)
})

test('an edit that is undone is found again', async () => {
  const { build, folder, sources } = await cached()
  const first = await build()
  write(folder, { 'src/a.bpf.c': `${source}int more;` })
  await build()
  write(folder, { 'src/a.bpf.c': source })
  expect(await build()).toEqual(first)
  expect(sources()).toBe(2)
})

test.each([
  ['defines', { defines: { X: 1 } }],
  ['cflags', { cflags: ['-O1'] }],
  ['arch', { arch: 'arm64' as const }],
])('other %s are another entry', async (_, other) => {
  const { file, options, build, sources } = await cached()
  await build()
  await compile(file, { ...options, ...other })
  expect(sources()).toBe(2)
})

test('an error is not kept', async () => {
  const { build, folder, sources } = await cached()
  write(folder, { 'inc/found.h': '#define FOUND nope\n' })
  await build()
  await build()
  expect(sources()).toBe(2)
})

test('cache: false compiles anew, and writes no object', async () => {
  const { file, options, folder, sources } = await cached()
  await compile(file, { ...options, cache: false })
  await compile(file, { ...options, cache: false })
  expect(sources()).toBe(2)
  expect(readdirSync(join(folder, 'node_modules/.cache/unplugin-bpf'))).toEqual(['clang'])
})

test('lies where the option says', async () => {
  const { file, options, folder } = await cached()
  await compile(file, { ...options, cache: 'there' })
  expect(readdirSync(join(folder, 'there/objects'))).toHaveLength(1)
})

test.each([
  ['cut', (entry: string) => truncateSync(entry, 1000)],
  ['empty', (entry: string) => truncateSync(entry, 0)],
  ['with one bit flipped', flipLast],
])('an entry that is %s is made again', async (_, damage) => {
  const { buildElsewhere, folder, sources } = await cached()
  const { object } = await buildElsewhere()
  const objects = join(folder, 'node_modules/.cache/unplugin-bpf/objects')
  for (const name of readdirSync(objects)) damage(join(objects, name))
  expect((await buildElsewhere()).object).toEqual(object)
  await buildElsewhere()
  expect(sources()).toBe(2)
})

function flipLast(file: string): void {
  const bytes = readFileSync(file)
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
  writeFileSync(file, bytes)
}

test('a cache that cannot be written is no error', async () => {
  const { file, options, folder } = await cached()
  write(folder, { occupied: 'a file' })
  const { object } = await compile(file, { ...options, cache: 'occupied' })
  expect(object).toBeDefined()
})

test('compiles of the same at the same time share one run', async () => {
  const { build, sources } = await cached()
  const [first, ...others] = await Promise.all([build(), build(), build()])
  for (const other of others) expect(other).toBe(first)
  expect(sources()).toBe(1)
})

test('one that starts after a header was saved does not get the older result', async () => {
  const { file, folder, options } = await cached()
  const slow = `'${options.clang}' "$@"; touch '${folder}/done'; until [ -e '${folder}/go' ]; do sleep 0.05; done`
  const clang = join(
    program('clang', `case "$*" in *' -c '*) ${slow};; *) '${options.clang}' "$@";; esac`),
    'clang',
  )
  const early = compile(file, { ...options, clang })
  await vi.waitUntil(() => existsSync(join(folder, 'done')), { timeout: 20_000 })
  write(folder, { 'inc/found.h': '#define FOUND 2\n' })
  const late = compile(file, { ...options, clang })
  write(folder, { go: '' })
  const [before, after] = await Promise.all([early, late])
  expect(after.object).toBeDefined()
  expect(after.object).not.toEqual(before.object)
})

test('the least recently used entries go first, once there are a quarter too many', async () => {
  const names = ['oldest', 'older', 'old', 'new', 'newer', 'newest']
  const folder = project(Object.fromEntries(names.map((name) => [`c/${name}`, ''])))
  for (const [index, name] of names.entries()) {
    utimesSync(join(folder, 'c', name), index, index)
  }
  const left = async (kept: number): Promise<string[]> => {
    await prune(join(folder, 'c'), kept)
    return readdirSync(join(folder, 'c')).toSorted()
  }
  expect(await left(5)).toHaveLength(6)
  expect(await left(4)).toEqual(['new', 'newer', 'newest', 'old'])
})
