import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'

import { copyKoffi } from '../../plugin/bundlers/copy-koffi.ts'
import { type Arch, nativeArch } from '../../src/compile/options/arch.ts'

const installed = fileURLToPath(new URL('../../node_modules/', import.meta.url))
const native = `@koromix/koffi-linux-${process.arch}`

let folder: string
const path = (name: string): string => join(folder, name)
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'unplugin-bpf-koffi-')))
  onTestFinished(() => rmSync(folder, { recursive: true }))
})

/** An installation of koffi, and of its native package, for a file of `project`. */
function install(koffi: string, itsNative: string): string {
  for (const [name, to] of [
    ['koffi', koffi],
    [native, itsNative],
  ] as const) {
    cpSync(join(installed, name), path(to), { recursive: true })
  }
  return path('project/plugin.mjs')
}

/** Whether a bundle in `out` has what it needs, and nothing else: there is no koffi above. */
function runs(out: string): boolean {
  const script = "process.stdout.write(typeof require('koffi').load)"
  const file = join(out, 'bundle.cjs')
  writeFileSync(file, script)
  return execFileSync(process.execPath, [file], { encoding: 'utf8' }) === 'function'
}

describe('koffi is copied with its native package', () => {
  it.each([
    ['hoisted', 'project/node_modules/koffi', `project/node_modules/${native}`],
    ['above the project', 'node_modules/koffi', `node_modules/${native}`],
    ['nested', 'project/node_modules/koffi', `project/node_modules/koffi/node_modules/${native}`],
  ])('where they are %s', async (_name, koffi, itsNative) => {
    const from = install(koffi, itsNative)
    expect(await copyKoffi(path('elsewhere/dist'), undefined, from)).toEqual([])
    rmSync(path(koffi.split('/koffi')[0] ?? ''), { recursive: true })
    expect(runs(path('elsewhere/dist'))).toBe(true)
  })

  it('where a store has them, as pnpm does it', async () => {
    const store = 'store/koffi@3/node_modules'
    const from = install(`${store}/koffi`, `${store}/${native}`)
    mkdirSync(path('project/node_modules'), { recursive: true })
    symlinkSync(path(`${store}/koffi`), path('project/node_modules/koffi'))
    expect(await copyKoffi(path('elsewhere/dist'), undefined, from)).toEqual([])
    rmSync(path('store'), { recursive: true })
    expect(runs(path('elsewhere/dist'))).toBe(true)
  })
})

describe('of several architectures', () => {
  it('each has its own, or a warning', async () => {
    const from = install('project/node_modules/koffi', `project/node_modules/${native}`)
    const other: Arch = nativeArch() === 'arm64' ? 'x86' : 'arm64'
    const itsName = `@koromix/koffi-linux-${other === 'x86' ? 'x64' : other}`
    const [warning, ...others] = await copyKoffi(path('dist'), [nativeArch(), other, 's390'], from)
    expect(warning).toContain(
      `will not run on ${other}, as koffi's native package ${itsName} is not installed`,
    )
    expect(others).toEqual([
      expect.stringContaining('will not run on s390, as koffi has no native'),
    ])

    cpSync(path(`project/node_modules/${native}`), path(`project/node_modules/${itsName}`), {
      recursive: true,
    })
    expect(await copyKoffi(path('dist'), [nativeArch(), other], from)).toEqual([])
    expect(existsSync(path(`dist/node_modules/${itsName}/package.json`))).toBe(true)
  })
})

const version = (): string =>
  JSON.parse(readFileSync(path('project/node_modules/koffi/package.json'), 'utf8')).version

describe('what is not ours stays', () => {
  it('the project’s own, where the bundle lies beside it', async () => {
    const from = install('project/node_modules/koffi', `project/node_modules/${native}`)
    const before = lstatSync(path('project/node_modules/koffi')).ino
    expect(await copyKoffi(path('project'), undefined, from)).toEqual([])
    expect(lstatSync(path('project/node_modules/koffi')).ino).toBe(before)
    expect(existsSync(path('project/node_modules/koffi/README.md'))).toBe(true)
    expect(runs(path('project'))).toBe(true)
  })

  it('another version, with a warning', async () => {
    const from = install('project/node_modules/koffi', `project/node_modules/${native}`)
    mkdirSync(path('dist/node_modules/koffi'), { recursive: true })
    writeFileSync(path('dist/node_modules/koffi/package.json'), '{ "version": "2.9.0" }')
    const to = path('dist/node_modules/koffi')
    expect(await copyKoffi(path('dist'), undefined, from)).toEqual([
      `option native: 'copy': ${to} (version 2.9.0) was not copied by unplugin-bpf and is not replaced, but the bundle needs version ${version()}. Write the bundle to another folder`,
    ])
    expect(readFileSync(join(to, 'package.json'), 'utf8')).toBe('{ "version": "2.9.0" }')
  })

  it('what a link leads to', async () => {
    const from = install('project/node_modules/koffi', `project/node_modules/${native}`)
    mkdirSync(path('dist/node_modules'), { recursive: true })
    mkdirSync(path('mine'))
    writeFileSync(path('mine/precious'), '')
    symlinkSync(path('mine'), path('dist/node_modules/koffi'))
    expect(await copyKoffi(path('dist'), undefined, from)).toHaveLength(1)
    expect(existsSync(path('mine/precious'))).toBe(true)
  })

  it('but a copy of ours is replaced by one of another version', async () => {
    const from = install('project/node_modules/koffi', `project/node_modules/${native}`)
    const koffi = path('dist/node_modules/koffi')
    await copyKoffi(path('dist'), undefined, from)
    writeFileSync(join(koffi, 'index.cjs'), 'damaged')
    await copyKoffi(path('dist'), undefined, from)
    expect(readFileSync(join(koffi, 'index.cjs'), 'utf8')).toBe('damaged')
    const manifest = join(dirname(from), 'node_modules/koffi/package.json')
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace(version(), '3.3.99'))
    expect(await copyKoffi(path('dist'), undefined, from)).toEqual([])
    expect(runs(path('dist'))).toBe(true)
  })
})
