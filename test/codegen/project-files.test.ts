import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { PRELUDE, project } from './project.ts'

const isRoot = process.getuid?.() === 0

const header = (name: string): string =>
  `#pragma once\n#define ${name.toUpperCase()}_LIMIT 8\nstruct ${name} { int a; };\n`

const program = `struct here { int b; };\nSEC("xdp") int pass(void *c) { return 1; }\n`

const names = (list: readonly { name: string }[] = []) => list.map(({ name }) => name).toSorted()

/** What the skeleton of a source knows, but for what <linux/bpf.h> and libbpf declare. */
async function known(file: string, options: Options = {}): Promise<(string | undefined)[][]> {
  const { model, diagnostics } = await buildSkeleton(file, { cache: false, ...options })
  expect(diagnostics.map(({ message }) => message)).toEqual([])
  return [names(model?.exports.types), names(model?.defines)]
}

describe.skipIf(!isRoot)('a project in a folder that is usually the system’s (needs root)', () => {
  it.each(['/usr/src', '/opt', '/usr/lib'])(
    '%s, with a header in a sibling folder',
    async (parent) => {
      mkdirSync(parent, { recursive: true })
      const folder = mkdtempSync(join(parent, 'unplugin-bpf-test-'))
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
      const files = {
        'app/package.json': '{}',
        'app/src/trace.bpf.c': `${PRELUDE}#include "../../shared/beside.h"\n#include <sibling.h>\n${program}`,
        'shared/beside.h': header('beside'),
        'include/sibling.h': header('sibling'),
      }
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true })
        writeFileSync(join(folder, name), text)
      }
      const file = join(folder, 'app/src/trace.bpf.c')
      const expected = [
        ['beside', 'here', 'sibling'],
        ['BESIDE_LIMIT', 'SIBLING_LIMIT'],
      ]
      expect(await known(file, { include: [join(folder, 'include')] })).toEqual(expected)
    },
  )
})

const build = (files: Record<string, string>, include: string, options?: Options) => {
  const folder = project({ 'trace.bpf.c': `${PRELUDE}#include ${include}\n${program}`, ...files })
  return known(join(folder, 'trace.bpf.c'), { cwd: folder, ...options })
}

describe('a header is the system’s as clang has it', () => {
  const files = { 'vendor/other.h': header('other') }
  const others = [['here', 'other'], ['OTHER_LIMIT']]
  const none = [['here'], []]

  it.each<[string, Options, string[][]]>([
    ['-I', { include: ['vendor'] }, others],
    ['-iquote', { cflags: ['-iquote', 'vendor'] }, others],
    ['-isystem', { cflags: ['-isystem', 'vendor'] }, none],
    ['-idirafter', { cflags: ['-idirafter', 'vendor'] }, none],
  ])('found through %s', async (flag, options, expected) => {
    const name = flag === '-iquote' ? '"other.h"' : '<other.h>'
    expect(await build(files, name, options)).toEqual(expected)
  })

  it('included by one of the system', async () => {
    const nested = { ...files, 'vendor/outer.h': '#include "other.h"\n' }
    expect(await build(nested, '<outer.h>', { cflags: ['-isystem', 'vendor'] })).toEqual(none)
    expect(await build(nested, '<outer.h>', { include: ['vendor'] })).toEqual(others)
  })

  it('from the cache, too', async () => {
    const folder = project({
      'trace.bpf.c': `${PRELUDE}#include <other.h>\n${program}`,
      ...files,
    })
    const options = { cwd: folder, cflags: ['-isystem', 'vendor'], cache: join(folder, 'cache') }
    const file = join(folder, 'trace.bpf.c')
    expect(await known(file, options)).toEqual(none)
    expect(await known(file, options)).toEqual(none)
  })
})
