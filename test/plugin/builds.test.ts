import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { Builds } from '../../plugin/builds.ts'

let folder: string
let builds: Builds
let source: string

const path = (name: string): string => join(folder, name)
const write = (name: string, text: string): Promise<void> => writeFile(path(name), text)
const program = (value: string): string =>
  `#include "first.h"\n#include "second.h"\nint value = ${value};\n`

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'builds-'))
  builds = new Builds({ cache: false, types: false })
  source = path('value.bpf.c')
  await write('first.h', '#define FIRST 1\n')
  await write('second.h', '#define SECOND 2\n')
  await write('value.bpf.c', program('FIRST + SECOND'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('what to watch', () => {
  it('is the source and every header that it read', async () => {
    const { kind, watchFiles } = await builds.build(source)
    expect(kind).toBe('built')
    expect(watchFiles).toEqual([source, path('first.h'), path('second.h')])
    expect(builds.dependents(path('second.h'), 'update')).toEqual([source])
    expect(builds.dependents(path('third.h'), 'update')).toEqual([])
  })

  it('keeps the headers of the last good build when clang gives up before it reads them', async () => {
    await builds.build(source)
    await write('first.h', '#include "missing.h"\n')
    const { kind, watchFiles } = await builds.build(source)
    expect(kind).toBe('refused')
    expect(watchFiles.toSorted()).toEqual([path('first.h'), path('second.h'), source])
  })

  it('forgets a header that is not included any more', async () => {
    await builds.build(source)
    await write('value.bpf.c', '#include "first.h"\nint value = FIRST;\n')
    await builds.build(source)
    expect(builds.dependents(path('second.h'), 'update')).toEqual([])
  })

  it.each([{}, { cwd: undefined }])(
    'is found in folders relative to the root of the bundler, given %o',
    async (options) => {
      await write('value.bpf.c', '#include <third.h>\nint value = THIRD;\n')
      await mkdir(path('headers'))
      await write('headers/third.h', '#define THIRD 3\n')
      builds = new Builds({ ...options, include: ['headers'], cache: false, types: false })
      builds.relativeTo(folder)
      const { watchFiles } = await builds.build(source)
      expect(watchFiles).toEqual([source, path('headers/third.h')])
    },
  )

  it('is the source alone where there is no compiler', async () => {
    builds = new Builds({ clang: path('no-such-clang'), cache: false, types: false })
    const outcome = await builds.build(source)
    expect(outcome.kind).toBe('failed')
    expect(outcome.watchFiles).toEqual([source])
  })

  it('takes a header that appears for the one that a failed build did not find', async () => {
    await rm(path('second.h'))
    expect((await builds.build(source)).kind).toBe('refused')
    expect(builds.dependents(path('second.h'), 'create')).toEqual([source])
    await write('second.h', '#define SECOND 2\n')
    expect((await builds.build(source)).kind).toBe('built')
    expect(builds.dependents(path('third.h'), 'create')).toEqual([])
  })
})

it('rebuilds from the text as it is after the edit, though a build runs', async () => {
  const before = builds.build(source)
  await write('first.h', '#error edited\n')
  const outcome = await builds.rebuild(source)
  await before
  expect(outcome.kind).toBe('refused')
})

it('tells an error that a macro repeats once', async () => {
  await write('value.bpf.c', '#define TWICE(arg) int a(arg); int b(arg);\nTWICE(none x)\n')
  const outcome = await builds.build(source)
  const errors = outcome.kind === 'refused' ? outcome.errors : []
  expect(errors.map(({ line, column, message }) => [line, column, message])).toEqual([
    [2, 7, "unknown type name 'none'"],
  ])
})
