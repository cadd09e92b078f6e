import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { resolveOptions } from '../../../src/compile/options/options.ts'
import { splitWords } from '../../../src/compile/options/shell-split.ts'
import { project } from '../project.ts'

const defaultsOf = (content: object): string =>
  project({ 'package.json': JSON.stringify({ 'unplugin-bpf': content }), 'src/flag.h': '' })

describe('defaults of the nearest package.json', () => {
  test('hold, with paths relative to it', () => {
    const root = defaultsOf({
      include: ['include'],
      vmlinux: 'v.h',
      cache: 'c',
      types: { dir: 't' },
    })
    expect(resolveOptions({ cwd: root }, 'src/a.bpf.c', {})).toMatchObject({
      root,
      include: [join(root, 'include')],
      vmlinux: join(root, 'v.h'),
      cache: join(root, 'c'),
      types: { dir: join(root, 't') },
    })
  })

  test('give way to options that have one value, and whose paths are relative to cwd', () => {
    const root = defaultsOf({ vmlinux: 'v.h', clang: 'clang-18', arch: ['x86', 'arm64'] })
    const options = {
      vmlinux: 'w.h',
      clang: 'clang-19',
      arch: 'arm64',
      cwd: join(root, 'src'),
    } as const
    expect(resolveOptions(options, 'a.bpf.c', {})).toMatchObject({
      vmlinux: join(root, 'src/w.h'),
      clang: 'clang-19',
      arch: ['arm64'],
    })
  })

  test('are added to by options that are lists, which win', () => {
    const root = defaultsOf({
      cflags: ['-O1'],
      include: ['include'],
      defines: { A: 1, B: 1, C: 1 },
    })
    const options = {
      cflags: ['-O2'],
      include: ['other'],
      defines: { B: 2, C: false, D: 2 },
      cwd: join(root, 'src'),
    }
    expect(resolveOptions(options, 'a.bpf.c', { BPF_CFLAGS: '-O3' })).toMatchObject({
      cflags: ['-O1', '-O2', '-O3'],
      include: [join(root, 'src/other'), join(root, 'include')],
      defines: { A: 1, B: 2, C: false, D: 2 },
    })
  })

  test('end at the nearest package, also one without any', () => {
    const root = project({
      'package.json': '{"unplugin-bpf":{"defines":{"OUTER":1}}}',
      'inner/package.json': '{}',
    })
    expect(resolveOptions({ cwd: root }, 'inner/a.bpf.c', {})).toMatchObject({
      root: join(root, 'inner'),
      defines: {},
    })
  })

  test('are checked as options are, and name their file', () => {
    const root = defaultsOf({ cflag: ['-O1'] })
    expect(() => resolveOptions({ cwd: root }, 'a.bpf.c', {})).toThrow(
      `${join(root, 'package.json')}: key "unplugin-bpf": option cflag is unknown: did you mean cflags?`,
    )
  })

  test('that are no JSON are an error with the file', () => {
    const root = project({ 'package.json': '{' })
    expect(() => resolveOptions({ cwd: root }, 'a.bpf.c', {})).toThrow(join(root, 'package.json'))
  })
})

describe('environment', () => {
  test('BPF_CLANG comes before package.json and after options', () => {
    const cwd = defaultsOf({ clang: 'clang-18' })
    const env = { BPF_CLANG: '/opt/clang' }
    expect(resolveOptions({ cwd }, 'a.bpf.c', env).clang).toBe('/opt/clang')
    expect(resolveOptions({ cwd, clang: 'clang-19' }, 'a.bpf.c', env).clang).toBe('clang-19')
  })

  test('BPF_CFLAGS is appended to cflags', () => {
    const env = { BPF_CFLAGS: `-O1 '-DNAME="a b"'` }
    expect(resolveOptions({ cflags: ['-g'] }, 'a.bpf.c', env).cflags).toEqual([
      '-g',
      '-O1',
      '-DNAME="a b"',
    ])
  })
})

test('the result is frozen, and resolving it again is the same', () => {
  const options = resolveOptions({}, 'a.bpf.c', {})
  expect(Object.isFrozen(options) && Object.isFrozen(options.cflags)).toBe(true)
  expect(resolveOptions(options, '/other/b.bpf.c', {})).toBe(options)
})

test('paths in cflags are those of cwd', () => {
  const cwd = project({ 'inc/x.h': '' })
  const cflags = [
    '-Iinc',
    '-isystem',
    'inc',
    '-include',
    'inc/x.h',
    '-include',
    'stdbool.h',
    '-Wall',
  ]
  expect(resolveOptions({ cflags, cwd }, 'a.bpf.c', {}).cflags).toEqual([
    `-I${join(cwd, 'inc')}`,
    '-isystem',
    join(cwd, 'inc'),
    '-include',
    join(cwd, 'inc/x.h'),
    '-include',
    'stdbool.h',
    '-Wall',
  ])
})

test.each([
  [{ incldue: [] }, 'option incldue is unknown: did you mean include?'],
  [{ arch: 'x64' }, 'option arch must be one or several of x86, arm64'],
  [{ arch: [] }, 'option arch must be'],
  [{ include: 'a' }, 'option include must be an array of strings, got "a"'],
  [{ defines: { '1X': 1 } }, 'option defines must be'],
  [{ native: 'asset' }, 'option native must be "external" or "copy", got "asset"'],
  [{ types: { folder: 'x' } }, 'option types must be true, false or { dir }'],
  [{ minKernel: '5' }, "option minKernel must be a kernel version such as '5.15'"],
  [{ somethingElse: 1 }, 'option somethingElse is unknown: the options are clang, cflags'],
])('%o is refused', (options: object, message) => {
  expect(() => resolveOptions(options, 'a.bpf.c', {})).toThrow(message)
})

test.each([
  ['  -a   -b ', ['-a', '-b']],
  [`-D'A="x y"' "-I/my dir" a\\ b`, ['-DA="x y"', '-I/my dir', 'a b']],
  [`"a\\"b" ''`, ['a"b', '']],
  ['', []],
])('splitWords(%j)', (text, words) => expect(splitWords(text)).toEqual(words))
