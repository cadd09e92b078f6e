import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { isInSystemFolder, projectFiles } from '../../../src/codegen/project-files.ts'
import { findClang } from '../../../src/compile/clang/find-clang.ts'
import { compile, type CompileResult } from '../../../src/compile/compile.ts'
import type { Options } from '../../../src/compile/options/options.ts'
import { minimisingSettled } from '../../../src/compile/vmlinux/minimised-build.ts'
import { readSourceInfo } from '../../../src/dwarf/source-info.ts'
import { readElf } from '../../../src/elf/elf.ts'
import { stripDebug } from '../../../src/elf/strip.ts'
import { type Files, project, write } from '../project.ts'

const root = join(import.meta.dirname, '../../..')
const noBtf = existsSync('/sys/kernel/btf/vmlinux') ? '' : ' (skipped: this kernel has no BTF)'

const source = (body: string): string => `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
long result;
struct event { u32 pid; struct list_head *list; };
struct event *unused;
SEC("tp_btf/sched_switch") int BPF_PROG(on_switch, bool preempt, struct task_struct *prev)
{
	${body}
	return 0;
}
`
describe.skipIf(noBtf)(`a minimised vmlinux.h${noBtf}`, () => {
  let cache: string
  /** One for all, so that the whole header is precompiled once. */
  let clang: string
  beforeAll(async () => {
    cache = mkdtempSync(join(tmpdir(), 'minimised test '))
    clang = join(cache, 'clang.sh')
    const { path } = await findClang(undefined, cache)
    writeFileSync(clang, `#!/bin/sh\necho "$*" >>"$0.log"\nexec '${path}' "$@"`, { mode: 0o755 })
    // Makes the header.
    const warm = join(cache, 'warm.bpf.c')
    writeFileSync(warm, source(''))
    await compile(warm, { cache, clang })
    runs()
  })
  afterAll(async () => {
    await minimisingSettled()
    rmSync(cache, { recursive: true })
  })

  /** How clang has compiled a source since the last time it was asked. */
  const runs = (): string[] => {
    const log = `${clang}.log`
    const lines = readFileSync(log, 'utf8').split('\n')
    rmSync(log)
    return lines
      .filter((line) => line.includes(' -c a.bpf.c'))
      .map((line) => (line.includes('-ivfsoverlay') ? 'cut' : 'whole'))
  }

  class Project {
    readonly cwd: string
    readonly #options: Options
    #edits = 0

    constructor(files: Files, options: Options = {}) {
      this.cwd = project(files)
      this.#options = { cache, clang, ...options }
    }

    /** Compiles it, with a comment that no one had before. */
    async edit(text: string): Promise<CompileResult> {
      write(this.cwd, { 'a.bpf.c': `${text}// ${this.#edits++}\n` })
      return compile('a.bpf.c', { cwd: this.cwd, ...this.#options })
    }

    /** Edits the source until there is a minimised header. */
    async begin(text: string): Promise<void> {
      await this.edit(text)
      await this.edit(text)
      await minimisingSettled()
      expect(runs()).toEqual(['whole', 'whole'])
    }

    /** As a process makes it that compiles it once. */
    async asNew(): Promise<CompileResult> {
      const cwd = project()
      cpSync(this.cwd, cwd, { recursive: true })
      const result = await compile('a.bpf.c', { cwd, ...this.#options })
      const { diagnostics, dependencies } = result
      const here = <T>(value: T): T =>
        JSON.parse(JSON.stringify(value).replaceAll(cwd, this.cwd)) as T
      return { ...result, diagnostics: here(diagnostics), dependencies: here(dependencies) }
    }

    async expectAsNew(result: CompileResult): Promise<void> {
      const other = await this.asNew()
      expect(runs()).toEqual(['whole'])
      expect(result.object && stripDebug(result.object)).toEqual(
        other.object && stripDebug(other.object),
      )
      expect(result.diagnostics).toEqual(other.diagnostics)
      expect(result.dependencies).toEqual(other.dependencies)
      expect(result.object && this.#infoOf(result.object)).toEqual(
        other.object && this.#infoOf(other.object),
      )
    }

    #infoOf(object: Uint8Array): unknown {
      return readSourceInfo(readElf(object), {
        isOwn: projectFiles(isInSystemFolder),
        directory: this.cwd,
      })
    }
  }

  test.each([
    'e2e/bench/programs/kernel.bpf.c',
    'playground/agent/proc.bpf.c',
    'playground/vite/processes.bpf.c',
    'e2e/vm/guest/tasks.bpf.c',
  ])('gives what the whole header gives: %s', async (file) => {
    const text = readFileSync(join(root, file), 'utf8')
    const own = new Project({}, { include: [dirname(join(root, file))] })
    await own.begin(text)
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut'])
    expect(result.object).toBeDefined()
    await own.expectAsNew(result)
  })

  test.each([
    // Named in the source, it is not even tried.
    ['one more struct', 'struct fs_struct *fs = prev->fs; result = fs->users;', ['whole']],
    ['a struct without its name', 'result = prev->fs->users;', ['cut', 'whole']],
    ['a struct described in BTF', 'result = bpf_core_type_size(*prev->fs);', ['cut', 'whole']],
    ['a copy', '*prev->fs = *prev->real_parent->fs;', ['cut', 'whole']],
  ])('an edit that needs %s is right at once, and has its own then', async (_, body, expected) => {
    const own = new Project({})
    await own.begin(source('result = prev->tgid;'))
    const result = await own.edit(source(body))
    expect(runs()).toEqual(expected)
    expect(result.object).toBeDefined()
    await own.expectAsNew(result)

    await minimisingSettled()
    const again = await own.edit(source(body))
    expect(runs()).toEqual(['cut'])
    await own.expectAsNew(again)
  })

  test('knows the sizes of what it leaves out', async () => {
    const own = new Project({})
    const text = source('result = sizeof(*prev->fs) + __alignof__(*prev->signal);')
    await own.begin(text)
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut'])
    await own.expectAsNew(result)
  })

  test('knows what headers of one’s own name', async () => {
    const files = { 'own.h': 'static inline int users(void *fs) { return 0; }\n' }
    const own = new Project(files)
    const text = `${source('result = users(prev->fs);')}`.replace(
      'char LI',
      '#include "own.h"\nchar LI',
    )
    await own.begin(text)
    write(own.cwd, {
      'own.h': 'static inline int users(struct fs_struct *fs) { return fs->users; }\n',
    })
    const result = await own.edit(text)
    expect(runs()).toEqual(['whole'])
    await own.expectAsNew(result)
  })

  test('is not used where types go without names', async () => {
    const own = new Project({})
    const text = source('typeof(*prev->fs) fs; bpf_core_read(&fs, sizeof(fs), prev->fs);')
    await own.begin(text)
    await own.edit(text)
    expect(runs()).toEqual(['whole'])
  })

  test('errors are the same, and keep it', async () => {
    const own = new Project({})
    const text = source('result = prev->tgid;')
    await own.begin(text)
    const result = await own.edit(source('result = prev->nope;'))
    expect(runs()).toEqual(['cut', 'whole'])
    expect(result.diagnostics).toHaveLength(1)
    await own.expectAsNew(result)
    await own.edit(text)
    expect(runs()).toEqual(['cut'])
  })

  test('warnings are the same', async () => {
    const own = new Project({}, { cflags: ['-Wall'] })
    const text = source('int unused_one;')
    await own.begin(text)
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut'])
    expect(result.diagnostics).toMatchObject([{ flag: '-Wunused-variable' }])
    await own.expectAsNew(result)
  })

  test('is given up for messages that show the header', async () => {
    const more =
      'static inline void takes(struct task_struct *task) {}\n#ifndef BPF_NO_PRESERVE_ACCESS_INDEX\n#pragma clang attribute pop'
    const kernel = kernelHeader().replace(/#ifndef \w+\n#pragma clang attribute pop/, more)
    const own = new Project({ 'kernel.h': kernel }, { vmlinux: 'kernel.h' })
    const text = source('takes((struct list_head *)prev);')
    await own.begin(text)
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut', 'whole'])
    expect(result.diagnostics).toMatchObject([
      { notes: [{ file: expect.stringMatching(/vmlinux\.h$/) }] },
    ])
    await minimisingSettled()
    expect((await own.edit(text)).diagnostics).toEqual(result.diagnostics)
    await minimisingSettled()
    await own.edit(text)
    expect(runs()).toEqual(['whole', 'whole'])
  })

  test('serves the user’s own header, until that changes', async () => {
    const kernel = `#pragma once\n${kernelHeader().replaceAll('__VMLINUX_H__', '__OTHER')}`
    const own = new Project({ 'inc/vmlinux.h': kernel }, { include: ['inc'] })
    const text = source('result = prev->tgid;')
    await own.begin(text)
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut'])
    expect(result.dependencies).toContain(join(own.cwd, 'inc/vmlinux.h'))
    await own.expectAsNew(result)

    write(own.cwd, { 'inc/vmlinux.h': kernel.replace('struct task_struct {', '$&\n\tlong more;') })
    const changed = await own.edit(text)
    expect(runs()).toEqual(['whole'])
    expect(changed.object).not.toEqual(result.object)
    await own.expectAsNew(changed)
  })

  test.each([
    ['cut short', (file: string) => truncateSync(file, 10_000)],
    ['not there', (file: string) => rmSync(file)],
  ])('that is %s does no harm, and is made again', async (_, damage) => {
    const own = new Project({})
    const text = source('result = prev->pid;')
    await own.begin(text)
    for (const name of readdirSync(join(cache, 'minimised'))) {
      if (name.endsWith('.pch')) damage(join(cache, 'minimised', name))
    }
    const result = await own.edit(text)
    expect(runs()).toEqual(['cut', 'whole'])
    await own.expectAsNew(result)
    await minimisingSettled()
    await own.edit(text)
    expect(runs()).toEqual(['cut'])
  })

  test('is not made by a build that compiles for two architectures', async () => {
    const own = new Project({ 'a.bpf.c': source('result = prev->tgid;') })
    await compile('a.bpf.c', { cwd: own.cwd, cache, clang }, 'x86')
    await compile('a.bpf.c', { cwd: own.cwd, cache, clang }, 'arm64')
    await minimisingSettled()
    expect(readFileSync(`${clang}.log`, 'utf8')).not.toMatch(/layouts\.|-ivfsoverlay/)
    expect(runs()).toEqual(['whole', 'whole'])
  })

  test('does not keep a process that has nothing else to do', async () => {
    const folder = project({ 'package.json': '{"type":"module"}' })
    // One that takes its time over what it is asked in the background.
    const slow = join(folder, 'clang.sh')
    const wait = 'case "$*" in */layouts.*) touch "$0.asked"; exec sleep 30; esac'
    const { path } = await findClang(undefined, cache)
    writeFileSync(slow, `#!/bin/sh\n${wait}\nexec '${path}' "$@"`, { mode: 0o755 })
    write(folder, {
      'try.ts': `
        import { existsSync, writeFileSync } from 'node:fs'
        import { setTimeout } from 'node:timers/promises'
        import { compile } from '${root}/src/compile/compile.ts'
        for (const edit of [1, 2]) {
          writeFileSync('a.bpf.c', ${JSON.stringify(source('result = prev->tgid;'))} + '// ' + edit)
          await compile('a.bpf.c', { clang: '${slow}', cache: '${cache}' })
        }
        while (!existsSync('${slow}.asked')) await setTimeout(20)
        console.log('asked')`,
    })
    const outfile = join(folder, 'try.mjs')
    const banner = `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)`
    const form = { bundle: true, platform: 'node', format: 'esm', banner: { js: banner } } as const
    await build({ entryPoints: [join(folder, 'try.ts')], outfile, ...form })
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 20_000,
    })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'asked\n', stderr: '' })
  })

  const kernelHeader = (): string => {
    const folder = join(cache, 'vmlinux')
    const texts = readdirSync(folder).map((name) =>
      readFileSync(join(folder, name, 'vmlinux.h'), 'utf8'),
    )
    const text = texts.find((one) => !one.includes('takes(')) ?? ''
    // Without the line that seals a generated one.
    return text.slice(text.indexOf('\n') + 1)
  }
})
