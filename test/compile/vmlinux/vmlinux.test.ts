import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { compile, type CompileResult, formatDiagnostic } from '../../../src/compile/compile.ts'
import { minimisingSettled } from '../../../src/compile/vmlinux/minimised-build.ts'
import { stripDebug } from '../../../src/elf/strip.ts'
import { countingClang, project, write } from '../project.ts'

const source = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
char LICENSE[] SEC("license") = "GPL";
int tgid;
SEC("raw_tp/sched_switch") int on_switch(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[1];
	tgid = BPF_CORE_READ(task, tgid);
	return 0;
}
`

/** Made once: the header of this kernel. Tests that damage it take a copy. */
let cache: string
beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), 'vmlinux test '))
  const warm = join(cache, 'warm.bpf.c')
  writeFileSync(warm, '#include "vmlinux.h"\n')
  await compile(warm, { cache })
})
afterAll(() => rmSync(cache, { recursive: true }))

const textOf = ({ diagnostics }: CompileResult): string =>
  diagnostics.map(formatDiagnostic).join('\n')
const seen = ({ diagnostics }: CompileResult): string[] =>
  diagnostics.map(({ file, flag, line, severity }) =>
    [basename(file), line, severity, flag].join(' '),
  )
const only = (folder: string): string =>
  join(folder, String(readdirSync(folder).find((name) => !name.endsWith('.sum'))))
const generated = (): string => join(only(join(cache, 'vmlinux')), 'vmlinux.h')

/** A header as small as clang needs it for the source. */
const tiny = `#ifndef __VMLINUX_H__
#define __VMLINUX_H__
typedef unsigned int __u32; typedef unsigned long long __u64; typedef __u32 __wsum;
typedef unsigned short __u16, __be16; typedef __u32 __be32; typedef long long __s64; typedef int __s32;
enum bpf_map_type { BPF_MAP_TYPE_UNSPEC };
struct bpf_raw_tracepoint_args { __u64 args[0]; };
struct task_struct { int tgid; } __attribute__((preserve_access_index));
#endif
`

describe('a vmlinux.h that is not there', () => {
  test.each([
    ['first in the source', { 'a.bpf.c': source }],
    ['after other code', { 'a.bpf.c': `int before;\n${source}` }],
    ['in angle brackets', { 'a.bpf.c': source.replace('"vmlinux.h"', '<vmlinux.h>') }],
    [
      'in a header',
      {
        'a.bpf.c': `// c\n#include "b.h"\n${source}`,
        'b.h': '#pragma once\n#include "vmlinux.h"\n',
      },
    ],
  ])('is generated when included %s', async (_, files) => {
    const folder = project(files)
    const result = await compile(join(folder, 'a.bpf.c'), { cache })
    expect(textOf(result)).toBe('')
    expect(result.object).toBeDefined()
    expect(result.dependencies.filter((file) => file.endsWith('vmlinux.h'))).toEqual([])
  })

  test('says with which flags to compile it elsewhere, and has the types of this kernel', () => {
    const text = readFileSync(generated(), 'utf8')
    const head = text.slice(0, text.indexOf('#ifndef __VMLINUX_H__'))
    expect(head).toContain('Compile with -fms-extensions -Wno-microsoft-anon-tag')
    const structs = new Set(Array.from(text.matchAll(/^struct (\w+) \{/gm), ([, name]) => name))
    expect(structs.size).toBeGreaterThan(1000)
    expect(structs).toContain('task_struct')
  })

  test('is not made for a source that does not want one', async () => {
    const folder = project({ 'a.bpf.c': 'int x;\n' })
    await compile(join(folder, 'a.bpf.c'))
    expect(readdirSync(join(folder, 'node_modules/.cache/unplugin-bpf'))).not.toContain('vmlinux')
  })

  test('is made once for compiles at the same time, and again when damaged', async () => {
    const folder = project({ 'a.bpf.c': source, 'b.bpf.c': source, btf: '' })
    copyFileSync(generated(), join(folder, 'kernel.h'))
    const options = { cache: join(folder, 'c'), vmlinux: join(folder, 'kernel.h') }
    const results = await Promise.all([
      compile(join(folder, 'a.bpf.c'), options),
      compile(join(folder, 'b.bpf.c'), options),
    ])
    expect(results.map(textOf)).toEqual(['', ''])
    const header = join(only(join(folder, 'c/vmlinux')), 'vmlinux.h')
    truncateSync(header, 100_000)
    write(folder, { 'a.bpf.c': `${source}// again` })
    expect(textOf(await compile(join(folder, 'a.bpf.c'), options))).toBe('')
    expect(readFileSync(header).length).toBeGreaterThan(2_000_000)
  })
})

describe("the user's own", () => {
  test.each([
    ['beside the source', 'vmlinux.h', {}],
    ['in an include folder', 'inc/vmlinux.h', { include: ['inc'] }],
  ])('%s wins, also when it appears later', async (_, name, include) => {
    const folder = project({ 'a.bpf.c': source })
    const options = { cache, cwd: folder, ...include }
    const { object } = await compile('a.bpf.c', options)
    write(folder, { [name]: tiny })
    const own = await compile('a.bpf.c', options)
    expect(textOf(own)).toBe('')
    expect(own.dependencies).toContain(join(folder, name))
    expect(own.object).not.toEqual(object)
  })
})

describe('option vmlinux', () => {
  test('a header: used, and a dependency', async () => {
    const folder = project({ 'a.bpf.c': source, 'my-kernel.h': tiny })
    const options = { cwd: folder, vmlinux: 'my-kernel.h' }
    const first = await compile('a.bpf.c', options)
    expect(textOf(first)).toBe('')
    expect(first.dependencies).toContain(join(folder, 'my-kernel.h'))
    write(folder, { 'my-kernel.h': tiny.replace('{ int tgid;', '{ long tgid;') })
    expect((await compile('a.bpf.c', options)).object).not.toEqual(first.object)
  })

  test('an ELF file with BTF', async () => {
    const folder = project({
      'kernel.bpf.c': 'struct only_there { int member; } keep;',
      'a.bpf.c': '#include <vmlinux.h>\nint f(struct only_there *it) { return it->member; }',
    })
    const { object = new Uint8Array() } = await compile('kernel.bpf.c', { cwd: folder })
    writeFileSync(join(folder, 'kernel.o'), object)
    const result = await compile('a.bpf.c', { cwd: folder, vmlinux: 'kernel.o' })
    expect(textOf(result)).toBe('')
    expect(result.dependencies).toContain(join(folder, 'kernel.o'))
  })

  test('raw BTF', async () => {
    const folder = project({ 'a.bpf.c': source })
    copyFileSync('/sys/kernel/btf/vmlinux', join(folder, 'kernel.btf'))
    const result = await compile('a.bpf.c', { cwd: folder, vmlinux: 'kernel.btf' })
    expect(textOf(result)).toBe('')
    expect(result.dependencies).toContain(join(folder, 'kernel.btf'))
  })

  test.each([
    ['first', source],
    ['later', `int before;\n${source}`],
  ])('that cannot be read: one error at the #include, with the ways out (%s)', async (_, text) => {
    const folder = project({ 'a.bpf.c': text })
    const { diagnostics } = await compile('a.bpf.c', { cwd: folder, vmlinux: 'nope' })
    expect(diagnostics).toHaveLength(1)
    expect(diagnostics[0]).toMatchObject({
      file: join(folder, 'a.bpf.c'),
      message: expect.stringMatching(/vmlinux\.h.*not found.*nope cannot be read.*'auto'/),
    })
  })

  test.runIf(process.getuid?.() === 0)(
    "'auto' on a kernel without BTF: one error that names both ways out",
    async () => {
      const folder = project({
        'a.bpf.c': source,
        'try.ts': `import { compile, formatDiagnostic } from '${import.meta.dirname}/../../../src/compile/compile.ts'
          const { diagnostics } = await compile('a.bpf.c')
          console.log(diagnostics.map(formatDiagnostic).join('\\n'))`,
      })
      const script = join(folder, 'try.mjs')
      const banner =
        "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)"
      await build({
        entryPoints: [join(folder, 'try.ts')],
        outfile: script,
        bundle: true,
        platform: 'node',
        format: 'esm',
        banner: { js: banner },
      })
      const hidden = 'mount -t tmpfs none /sys/kernel/btf && exec "$0" try.mjs'
      const text = execFileSync('unshare', ['-m', 'sh', '-c', hidden, process.execPath], {
        cwd: folder,
        encoding: 'utf8',
      })
      expect(text.split('error:')).toHaveLength(2)
      expect(text).toMatch(
        /a\.bpf\.c:1:10: error: 'vmlinux.h' file not found.*no BTF \(\/sys\/kernel\/btf\/vmlinux.*include folder.*option vmlinux/,
      )
    },
  )

  test.each([
    ['says that another may have it', { 'a.bpf.c': source.replace(', tgid', ', gone') }, 2],
    [
      "says no more of the user's own",
      { 'a.bpf.c': source.replace(', tgid', ', gone'), 'vmlinux.h': tiny },
      1,
    ],
  ])('a member that it lacks: %s', async (_, files, parts) => {
    const said = textOf(await compile('a.bpf.c', { cwd: project(files), cache }))
    expect(said).toContain("no member named 'gone' in 'struct task_struct'")
    expect(
      said.split('set the option vmlinux to a vmlinux.h or BTF of another kernel'),
    ).toHaveLength(parts)
  })

  test('that is damaged BTF: says what is wrong with it', async () => {
    const folder = project({ 'a.bpf.c': source })
    writeFileSync(
      join(folder, 'bad.btf'),
      readFileSync('/sys/kernel/btf/vmlinux').subarray(0, 1000),
    )
    const result = await compile('a.bpf.c', { cwd: folder, vmlinux: 'bad.btf' })
    expect(textOf(result)).toMatch(
      /vmlinux\.h' file not found, and none can be generated from .*bad\.btf/,
    )
  })
})

describe('what clang warns of inside the header', () => {
  const odd = tiny.replace('#endif', 'const struct odd { int member; };\n#endif')

  test.each([
    ['generated, first in the source', '', { 'kernel.h': odd }],
    ['generated, after other code', 'int before;\n', { 'kernel.h': odd }],
    ["the user's own", '', { 'vmlinux.h': odd }],
  ])('is shown in each build: %s', async (_, before, files) => {
    const folder = project({ 'a.bpf.c': before + source, ...files })
    const options = { cwd: folder, vmlinux: 'kernel.h' }
    const first = await compile('a.bpf.c', options)
    expect(seen(first)).toEqual([
      expect.stringMatching(/^vmlinux\.h \d+ warning -Wmissing-declarations$/),
    ])
    for (const edit of ['second', 'third', 'fourth']) {
      write(folder, { 'a.bpf.c': `${before}${source}// ${edit}` })
      expect(seen(await compile('a.bpf.c', options))).toEqual(seen(first))
      await minimisingSettled()
    }
  })

  test('is an error where warnings are', async () => {
    const folder = project({ 'a.bpf.c': source, 'kernel.h': odd })
    const result = await compile('a.bpf.c', {
      cwd: folder,
      vmlinux: 'kernel.h',
      cflags: ['-Werror'],
    })
    expect(result.object).toBeUndefined()
  })

  test('is nothing of libbpf’s headers, which come before the source with it', async () => {
    const { clang, headers } = await countingClang()
    const folder = project({ 'a.bpf.c': source, 'vmlinux.h': tiny })
    const cflags = ['-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter']
    expect(textOf(await compile('a.bpf.c', { cwd: folder, clang, cflags }))).toBe('')
    write(folder, { 'a.bpf.c': `${source}// again` })
    expect(textOf(await compile('a.bpf.c', { cwd: folder, clang, cflags }))).toBe('')
    expect(headers()).toBe(1)
  })
})

describe('a struct with members that have a tag and no name', () => {
  const tagged = `${tiny.replace('#endif', '')}
struct head { int first; };
struct whole { struct head; int second; };
#endif
`
  test.each([
    ['first in the source', ''],
    ['after other code', 'int before;\n'],
  ])('has them, without a warning, when the header stands %s', async (_, before) => {
    const use = `${before}#include "vmlinux.h"
      _Static_assert(sizeof(struct whole) == 8, "");
      int f(struct whole *it) { return it->first + it->second; }`
    const folder = project({ 'a.bpf.c': use, 'vmlinux.h': tagged })
    expect(textOf(await compile('a.bpf.c', { cwd: folder }))).toBe('')
  })
})

describe('the precompiled header', () => {
  test('is used for the next source, and the object is the same without', async () => {
    const { clang, headers, sources } = await countingClang()
    const folder = project({
      'a.bpf.c': source,
      'b.bpf.c': `// another\n${source}`,
      'plain.bpf.c': `int before;\n${source}`,
      'empty.h': '',
    })
    const options = { clang, cwd: folder, cache, include: [folder] }
    const { object = new Uint8Array() } = await compile('a.bpf.c', options)
    await compile('b.bpf.c', options)
    expect([headers(), sources()]).toEqual([1, 2])
    // What -include brings comes before vmlinux.h, so that one is parsed where it stands.
    const plain = await compile('a.bpf.c', { ...options, cflags: ['-include', 'empty.h'] })
    expect(headers()).toBe(1)
    expect(stripDebug(plain.object ?? new Uint8Array())).toEqual(stripDebug(object))
  })

  test.each([
    ['a macro that the header asks for', '#define BPF_NO_PRESERVE_ACCESS_INDEX\n'],
    ['code', 'typedef int before;\n'],
    ['a condition', '#ifdef X\n#endif\n'],
  ])('is not used after %s', async (_, before) => {
    const { clang, headers } = await countingClang()
    const folder = project({
      'a.bpf.c': before + source,
      'vmlinux.h': readFileSync(generated(), 'utf8'),
    })
    const result = await compile('a.bpf.c', { clang, cwd: folder })
    expect(textOf(result)).toBe('')
    expect(headers()).toBe(0)
  })

  test.each([
    ['macros', '#define MINE 1\n#undef MINE\n'],
    ['comments', '// SPDX\n/* #include "x.h"\n */ /**/\n'],
  ])('is used after %s', async (_, before) => {
    const { clang, headers } = await countingClang()
    const folder = project({ 'a.bpf.c': before + source, 'vmlinux.h': tiny })
    expect(textOf(await compile('a.bpf.c', { clang, cwd: folder }))).toBe('')
    expect(headers()).toBe(1)
  })

  test('another definition, flag or header content is another one', async () => {
    const { clang, headers } = await countingClang()
    const folder = project({ 'a.bpf.c': source, 'vmlinux.h': tiny })
    const options = { clang, cwd: folder }
    await compile('a.bpf.c', options)
    await compile('a.bpf.c', { ...options, defines: { X: 1 } })
    await compile('a.bpf.c', { ...options, arch: 'arm64' })
    write(folder, { 'vmlinux.h': `${tiny}// more` })
    await compile('a.bpf.c', options)
    expect(headers()).toBe(4)
  })

  test.each([
    ['cut', (file: string) => truncateSync(file, 10_000)],
    ['empty', (file: string) => truncateSync(file, 0)],
    ['with bits flipped', flipMiddle],
    ['not there', (file: string) => rmSync(file)],
  ])('that is %s is made again, and does no harm', async (_, damage) => {
    const { clang, headers } = await countingClang()
    const folder = project({ 'a.bpf.c': source, 'vmlinux.h': tiny })
    const options = { clang, cwd: folder }
    const { object } = await compile('a.bpf.c', options)
    damage(only(join(folder, 'node_modules/.cache/unplugin-bpf/pch')))
    for (const expected of [1, 2]) {
      write(folder, { 'a.bpf.c': `${source}// again, ${expected}` })
      const again = await compile('a.bpf.c', options)
      expect(textOf(again)).toBe('')
      expect(stripDebug(again.object ?? new Uint8Array())).toEqual(
        stripDebug(object ?? new Uint8Array()),
      )
      expect(headers()).toBe(expected)
    }
  })

  test('errors of the source are the same with it', async () => {
    const folder = project({ 'a.bpf.c': source.replace('return 0', 'return nope') })
    const { diagnostics } = await compile('a.bpf.c', { cwd: folder, cache })
    expect(diagnostics).toMatchObject([
      { line: 10, column: 9, message: "use of undeclared identifier 'nope'" },
    ])
  })
})

function flipMiddle(file: string): void {
  const bytes = readFileSync(file)
  const middle = bytes.length >> 1
  bytes.fill(0xa5, middle, middle + 64)
  writeFileSync(file, bytes)
}
