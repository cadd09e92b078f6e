import { spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { build } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { readChecksummed, writeChecksummed } from '../../../src/compile/cache/checksummed-file.ts'
import { trustedCacheFolder, readOwnedFile } from '../../../src/compile/cache/ownership.ts'
import { compile } from '../../../src/compile/compile.ts'
import { countingClang, program, project, xdp } from '../project.ts'

const stranger = 12345
const isRoot = process.geteuid?.() === 0
const otherwise = isRoot ? '' : ' (skipped: only root can give files away)'

let home: string
beforeEach(() => {
  home = project()
  vi.stubEnv('XDG_CACHE_HOME', home)
})
afterEach(() => vi.unstubAllEnvs())

/** Where what belongs into `cache` is kept. */
const placeOf = (cache: string): string => {
  const place = trustedCacheFolder(cache)
  if (place === cache) return 'there'
  return place.startsWith(home) ? 'the user’s own' : 'temporary'
}

describe('a cache is the user’s own', () => {
  test('if it is not there yet, or has folders and files of the user', () => {
    const cache = join(project(), 'cache')
    expect(placeOf(cache)).toBe('there')
    mkdirSync(join(cache, 'vmlinux/x'), { recursive: true })
    writeFileSync(join(cache, 'vmlinux/x/vmlinux.h'), '')
    expect(placeOf(cache)).toBe('there')
  })

  test.each(['cache', 'cache/objects', 'cache/vmlinux/x'])('not if %s is a link', (link) => {
    const [folder, elsewhere] = [project({ 'cache/vmlinux/file': '' }), project()]
    const at = link === 'cache' ? 'other' : link
    symlinkSync(elsewhere, join(folder, at))
    expect(placeOf(join(folder, link === 'cache' ? 'other' : 'cache'))).toBe('the user’s own')
  })

  test('not if anybody can write to it', () => {
    const cache = join(project({ 'cache/objects/x': '' }), 'cache')
    chmodSync(join(cache, 'objects'), 0o777)
    expect(placeOf(cache)).toBe('the user’s own')
  })

  test.skipIf(!isRoot)(`not if another owns it, or a folder in it${otherwise}`, () => {
    const folder = project({ 'cache/objects/x': '', 'other/x': '' })
    chownSync(join(folder, 'cache/objects'), stranger, stranger)
    chownSync(join(folder, 'other'), stranger, stranger)
    expect([placeOf(join(folder, 'cache')), placeOf(join(folder, 'other'))]).toEqual([
      'the user’s own',
      'the user’s own',
    ])
    chmodSync(home, 0o777)
    expect(placeOf(join(folder, 'cache'))).toBe('temporary')
    expect(lstatSync(dirname(trustedCacheFolder(join(folder, 'cache')))).mode & 0o777).toBe(0o700)
  })
})

describe('of its files', () => {
  test.skipIf(!isRoot)(`those of another are not read${otherwise}`, async () => {
    const file = join(project(), 'entry')
    await writeChecksummed(file, Buffer.from('content'), 9)
    expect(readChecksummed(file)?.content.toString()).toBe('content')
    chownSync(file, stranger, stranger)
    expect(readChecksummed(file)).toBeUndefined()
  })

  test('links are not read', () => {
    const folder = project({ file: 'content' })
    symlinkSync('file', join(folder, 'link'))
    expect(readOwnedFile(join(folder, 'file'))?.toString()).toBe('content')
    expect(readOwnedFile(join(folder, 'link'))).toBeUndefined()
  })
})

test.skipIf(!isRoot)(`a stranger’s cache is neither read nor written${otherwise}`, async () => {
  const { clang, sources } = await countingClang()
  const cwd = project({ 'a.bpf.c': xdp(), 'cache/file': '' })
  const options = { cwd, clang, cache: 'cache' }
  chownSync(join(cwd, 'cache'), stranger, stranger)
  const { object } = await compile('a.bpf.c', options)
  expect(object).toBeDefined()
  expect((await compile('a.bpf.c', options)).object).toEqual(object)
  expect(sources()).toBe(1)
  expect(readdirSync(join(cwd, 'cache'))).toEqual(['file'])
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'a compile that %s interrupts leaves no temporary folder',
  async (signal) => {
    const clang = program(
      'clang',
      'case "$*" in *-MF*) echo begun >"$0.log"; exec sleep 20;; esac; exec clang-19 "$@"',
    )
    const folder = project({ 'a.bpf.c': xdp(), 'tmp/x': '' })
    await build({
      stdin: {
        contents: `import { compile } from '${import.meta.dirname}/../../../src/compile/compile.ts'
await compile('a.bpf.c', { clang: '${clang}/clang', cache: false })`,
        resolveDir: import.meta.dirname,
      },
      bundle: true,
      outfile: join(folder, 'compile.mjs'),
      platform: 'node',
      format: 'esm',
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
      },
    })
    const env = { ...process.env, TMPDIR: join(folder, 'tmp') }
    const child = spawn(process.execPath, ['compile.mjs'], { cwd: folder, env })
    const ended = new Promise((resolve) => child.on('exit', (_, by) => resolve(by)))
    const isBegun = (): boolean => readdirSync(clang).includes('clang.log')
    for (let i = 0; i < 200 && !isBegun(); i++) await sleep(50)
    const temporary = readdirSync(join(folder, 'tmp')).find((name) => name !== 'x') ?? ''
    expect(lstatSync(join(folder, 'tmp', temporary)).mode & 0o777).toBe(0o700)
    child.kill(signal)
    expect(await ended).toBe(signal)
    expect(readdirSync(join(folder, 'tmp'))).toEqual(['x'])
    expect(readFileSync(join(clang, 'clang.log'), 'utf8')).toBe('begun\n')
  },
)
