import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { declarationFile } from '../../src/codegen/declaration-file.ts'
import { buildSkeleton, type SkeletonBuild } from '../../src/codegen/skeleton.ts'
import { compile } from '../../src/compile/compile.ts'
import { resolveOptions, type Options } from '../../src/compile/options/options.ts'
import { PRELUDE, project, sourceOf } from './project.ts'

const own = `#include "../include/own.h"
${PRELUDE}
/** How often. */
struct count count;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, struct count); } counts SEC(".maps");
SEC("xdp") int pass(void *ctx) { return count.times + sizeof(__FILE__); }
`
const files = {
  'tsconfig.json': '{}',
  'src/own.bpf.c': own,
  'include/own.h':
    '#define LEVEL 3\nstruct key { unsigned char a; int b; };\nstruct count { long times; };\n',
}

interface Made {
  readonly object: Uint8Array
  readonly build: SkeletonBuild
  readonly declarations: string
  /** Where it lies: in no result. */
  readonly folder: string
}

async function make(
  place: string,
  sources: Record<string, string>,
  options: Options,
): Promise<Made> {
  const entries = Object.entries(sources).map(([name, text]) => [join(place, name), text])
  const folder = join(
    project(Object.fromEntries([...entries, [join(place, 'package.json'), '{}']])),
    place,
  )
  const source = join(folder, Object.keys(sources).find((name) => name.endsWith('.bpf.c')) ?? '')
  const all = resolveOptions({ cwd: folder, cache: 'a cache', ...options }, source)
  const { object, diagnostics } = await compile(source, all)
  if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  const build = await buildSkeleton(source, all)
  const file = declarationFile(source, all)
  return { object, build, declarations: build.declarationsFor?.(file ?? '') ?? '', folder }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
const places = ['x', `${'long/'.repeat(20)}way/down`, 'with space/ä'] as const

async function expectSame(
  sources: Record<string, string>,
  options: Options,
  where: readonly string[] = places,
): Promise<void> {
  const [first, ...others] = await Promise.all(where.map((place) => make(place, sources, options)))
  if (!first) throw new Error('there are places')
  for (const other of others) {
    expect(isSame(other.object, first.object), 'the object with DWARF').toBe(true)
    expect(other.build.code).toBe(first.build.code)
    expect(other.build.browserCode).toBe(first.build.browserCode)
    // Their maps too: they lead from the one to the other by a relative path.
    expect(other.declarations).toBe(first.declarations)
  }
  const { code = '', browserCode = '', object = new Uint8Array() } = first.build
  const bytes = Buffer.from(object).toString('latin1')
  for (const text of [code, browserCode, first.declarations, bytes])
    expect(text).not.toContain('codegen-')
}

describe('equal projects in different folders', () => {
  it('give the same objects, modules and declarations', async () => {
    await expectSame(files, { include: ['include'] })
  })

  it('also for several architectures, with macros and flags', async () => {
    await expectSame(files, {
      arch: ['x86', 'arm64'],
      defines: { X: 1 },
      cflags: ['-I', 'include', '-Wall'],
    })
  })

  const noBtf = existsSync('/sys/kernel/btf/vmlinux') ? '' : ' (skipped: this kernel has no BTF)'
  it.skipIf(noBtf)(
    `with a vmlinux.h that is generated and precompiled in each${noBtf}`,
    async () => {
      const agent = readFileSync(sourceOf('playground/agent/proc.bpf.c'), 'utf8')
      await expectSame({ 'tsconfig.json': '{}', 'src/proc.bpf.c': agent }, {}, places.slice(1))
    },
  )

  it('with a vmlinux.h of their own', async () => {
    const header = 'struct task_struct { int pid, tgid; };\ntypedef unsigned int __u32;\n'
    const source = `#include "vmlinux.h"\nstruct task_struct task;\n__u32 n = sizeof(__FILE__);\n`
    await expectSame(
      { 'tsconfig.json': '{}', 'src/a.bpf.c': source, 'kernel/vmlinux.h': header },
      { include: ['kernel'] },
    )
    await expectSame(
      { 'tsconfig.json': '{}', 'src/a.bpf.c': source, 'kernel/types.h': header },
      { vmlinux: 'kernel/types.h' },
    )
  })
})

it('the same build again gives the same, from the cache too', async () => {
  const folder = project(files)
  const options = { cwd: folder, include: ['include'] }
  const source = join(folder, 'src/own.bpf.c')
  const fresh = await buildSkeleton(source, { ...options, cache: false })
  const kept = await buildSkeleton(source, options)
  const cached = await buildSkeleton(source, options)
  expect(kept.code).toBe(fresh.code)
  expect(cached.code).toBe(fresh.code)
  expect(cached.declarationsFor?.('/x/own.bpf.d.c.ts')).toBe(
    fresh.declarationsFor?.('/x/own.bpf.d.c.ts'),
  )
})
