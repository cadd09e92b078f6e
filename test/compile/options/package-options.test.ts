import { chownSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'

import { resolveOptions } from '../../../src/compile/options/options.ts'
import { type Files, project } from '../project.ts'

const withOptions = '{ "unplugin-bpf": { "clang": "/evil/clang" } }'
const clangOf = (cwd: string, file: string, env = {}): string | undefined =>
  resolveOptions({ cwd }, file, env).clang

describe('options in package.json are those of the workspace', () => {
  const warning = vi.fn()
  beforeEach(() => {
    vi.spyOn(process, 'emitWarning').mockImplementation(warning)
    warning.mockClear()
  })
  afterEach(() => vi.restoreAllMocks())

  const sibling = { 'a/package.json': '{}', 'b/package.json': withOptions }
  const workspaces: Record<string, Files> = {
    'npm or Yarn workspace': { 'package.json': '{ "workspaces": ["*"] }' },
    'pnpm workspace': { 'pnpm-workspace.yaml': 'packages: ["*"]' },
    'git checkout': { '.git/HEAD': '' },
  }

  test.each(Object.entries(workspaces))('a sibling of one %s counts', (_name, files) => {
    const root = project({ ...sibling, ...files })
    expect(clangOf(join(root, 'a'), join(root, 'b/x.bpf.c'))).toBe('/evil/clang')
    expect(warning).not.toHaveBeenCalled()
  })

  test.each([
    ['a package beside it', 'a', 'b/x.bpf.c'],
    ['the folder above it', 'a', '../x.bpf.c'],
    ['an installed package', '.', 'node_modules/dependency/x.bpf.c'],
  ])('%s does not, which is said once', (_name, cwd, file) => {
    const root = project({
      'package.json': withOptions,
      'p/package.json': '{}',
      'p/node_modules/dependency/package.json': withOptions,
      'p/a/package.json': '{}',
      'p/b/package.json': withOptions,
    })
    for (let i = 0; i < 2; i++) {
      expect(clangOf(join(root, 'p', cwd), join(root, 'p', file))).toBeUndefined()
    }
    expect(warning).toHaveBeenCalledOnce()
    expect(warning.mock.calls[0]?.[0]).toMatch(/package\.json are not used.*BPF_TRUSTED_FOLDERS/)
  })

  test('neither does a folder that a link inside leads to', () => {
    const [root, elsewhere] = [project(), project({ 'package.json': withOptions })]
    symlinkSync(elsewhere, join(root, 'link'))
    expect(clangOf(root, join(root, 'link/x.bpf.c'))).toBeUndefined()
    expect(clangOf(root, 'link/x.bpf.c', { BPF_TRUSTED_FOLDERS: join(root, 'link') })).toBe(
      '/evil/clang',
    )
  })

  test('what is wrong with one that is not obeyed does not matter', () => {
    const [root, elsewhere] = [project(), project({ 'package.json': '{' })]
    expect(clangOf(root, join(elsewhere, 'x.bpf.c'))).toBeUndefined()
  })
})

const isRoot = process.geteuid?.() === 0
describe.skipIf(!isRoot)(
  `options of a package.json of another user${isRoot ? '' : ' (skipped: only root can give files away)'}`,
  () => {
    const stranger = 12345
    afterEach(() => vi.unstubAllEnvs())

    test('are an error that names the override', () => {
      const root = project({ 'package.json': withOptions })
      chownSync(join(root, 'package.json'), stranger, stranger)
      const message = `the options of unplugin-bpf in ${root}/package.json are not used: options can run programs, and the file belongs to user 12345, not root. To use them anyway, set BPF_TRUSTED_FOLDERS=${root}`
      expect(() => clangOf(root, 'x.bpf.c')).toThrow(message)
      expect(clangOf(root, 'x.bpf.c', { BPF_TRUSTED_FOLDERS: `/other:${root}` })).toBe(
        '/evil/clang',
      )
    })

    test('are taken when the user called sudo', () => {
      const root = project({ 'package.json': withOptions })
      chownSync(join(root, 'package.json'), stranger, stranger)
      vi.stubEnv('SUDO_UID', String(stranger))
      expect(clangOf(root, 'x.bpf.c')).toBe('/evil/clang')
      vi.stubEnv('SUDO_UID', '54321')
      expect(() => clangOf(root, 'x.bpf.c')).toThrow('not root nor user 54321.')
    })

    test('matter only where there are any', () => {
      const root = project({ 'package.json': '{ "name": "x" }' })
      chownSync(join(root, 'package.json'), stranger, stranger)
      expect(clangOf(root, 'x.bpf.c')).toBeUndefined()
    })

    test.each(['package.json', 'pnpm-workspace.yaml', '.git'])(
      'cannot come in by a %s above that makes a workspace',
      (marker) => {
        const files: Files = {
          'package.json': '{ "workspaces": ["*"] }',
          'pnpm-workspace.yaml': 'packages: ["*"]',
        }
        const root = project({
          ...(files[marker] !== undefined && { [marker]: files[marker] }),
          'a/package.json': '{}',
          'b/package.json': withOptions,
        })
        if (marker === '.git') mkdirSync(join(root, '.git'))
        chownSync(join(root, marker), stranger, stranger)
        vi.spyOn(process, 'emitWarning').mockReturnValue()
        expect(clangOf(join(root, 'a'), join(root, 'b/x.bpf.c'))).toBeUndefined()
        vi.restoreAllMocks()
      },
    )
  },
)
