import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { build } from 'esbuild'
import { beforeAll, describe, expect, test } from 'vitest'

import { countingClang, project, write } from '../project.ts'

const exec = promisify(execFile)

/** Small, and as much generated and precompiled as the kernel's. */
const kernel = {
  'package.json': '{ "unplugin-bpf": { "vmlinux": "kernel.h" } }',
  'kernel.h': `#ifndef __VMLINUX_H__
#define __VMLINUX_H__
typedef unsigned int __u32; typedef unsigned long long __u64; typedef __u32 __wsum;
typedef unsigned short __u16, __be16; typedef __u32 __be32; typedef long long __s64; typedef int __s32;
enum bpf_map_type { BPF_MAP_TYPE_UNSPEC };
struct task_struct { int pid, tgid; } __attribute__((preserve_access_index));
#endif
`,
}

const source = `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
struct task_struct *task;
SEC("xdp") int pass(void *ctx) { return 2; }
`
const script = `import { createHash } from 'node:crypto'
import { compile, formatDiagnostic } from '${import.meta.dirname}/../../../src/compile/compile.ts'
import { stripDebug } from '${import.meta.dirname}/../../../src/elf/strip.ts'

for (const file of process.argv.slice(2)) {
  const { object, diagnostics } = await compile(file)
  const made = object ? createHash('sha256').update(stripDebug(object)).digest('hex') : 'none'
  console.log([made, ...diagnostics.map(formatDiagnostic)].join(' '))
}`

let bundle: string
beforeAll(async () => {
  const { outputFiles } = await build({
    stdin: { contents: script, loader: 'ts', resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
  })
  bundle = outputFiles[0]?.text ?? ''
})

/** A process of its own that compiles the sources: what became of each, a line. */
async function compiled(
  folder: string,
  sources: readonly string[],
  env: Record<string, string | undefined> = {},
  prefix: readonly string[] = [],
): Promise<string[]> {
  writeFileSync(join(folder, 'compile.mjs'), bundle)
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    'compile.mjs',
    ...sources,
  ]
  const { stdout } = await exec(command, args, { cwd: folder, env: { ...process.env, ...env } })
  return stdout.trim().split('\n')
}

const aDigest = /^[0-9a-f]{64}$/u

describe('the cache of a source that wants vmlinux.h', () => {
  test('may lie where nothing can be written', async () => {
    const { clang, sources } = await countingClang()
    const folder = project({
      ...kernel,
      'a.bpf.c': source,
      'b.bpf.c': `${source}// b`,
      'tmp/.keep': '',
    })
    // Not a folder: also root cannot write into it.
    write(folder, { 'node_modules/.cache': '' })
    const made = await compiled(folder, ['a.bpf.c', 'b.bpf.c'], {
      BPF_CLANG: clang,
      TMPDIR: join(folder, 'tmp'),
    })
    expect(made).toEqual([expect.stringMatching(aDigest), expect.stringMatching(aDigest)])
    expect(sources()).toBe(2)
    expect(readdirSync(join(folder, 'tmp'))).toEqual(['.keep'])
  })

  const root = process.getuid?.() === 0 ? '' : ' (skipped: mounts need root)'
  test.skipIf(root)(`may be read-only, and is then read${root}`, async () => {
    const { clang, headers, sources } = await countingClang()
    const folder = project({ ...kernel, 'a.bpf.c': source, 'b.bpf.c': `${source}// b` })
    const [first] = await compiled(folder, ['a.bpf.c'], { BPF_CLANG: clang })
    expect([headers(), sources()]).toEqual([1, 1])
    const before = readdirSync(join(folder, 'node_modules/.cache/unplugin-bpf/objects'))
    const readOnly =
      'mount --bind node_modules/.cache node_modules/.cache && mount -o remount,bind,ro node_modules/.cache && exec "$@"'
    const made = await compiled(folder, ['a.bpf.c', 'b.bpf.c'], { BPF_CLANG: clang }, [
      'unshare',
      '-m',
      'sh',
      '-c',
      readOnly,
      'sh',
    ])
    expect(made).toEqual([first, expect.stringMatching(aDigest)])
    expect([headers(), sources()]).toEqual([1, 2])
    expect(readdirSync(join(folder, 'node_modules/.cache/unplugin-bpf/objects'))).toEqual(before)
  })

  test('needs no home', async () => {
    const folder = project({ ...kernel, 'a.bpf.c': source })
    const env = { HOME: undefined, XDG_CACHE_HOME: undefined, USER: undefined }
    expect(await compiled(folder, ['a.bpf.c'], env)).toEqual([expect.stringMatching(aDigest)])
  })

  test('is filled by several processes at once, and whole afterwards', async () => {
    const { clang, headers, sources } = await countingClang()
    const folder = project({ ...kernel, 'a.bpf.c': source, 'b.bpf.c': `${source}// b` })
    const all = await Promise.all(
      Array.from({ length: 3 }, () =>
        compiled(folder, ['a.bpf.c', 'b.bpf.c'], { BPF_CLANG: clang }),
      ),
    )
    const [first] = all
    expect(first).toEqual([expect.stringMatching(aDigest), expect.stringMatching(aDigest)])
    expect(all).toEqual([first, first, first])

    const runs = [headers(), sources()]
    expect(await compiled(folder, ['a.bpf.c', 'b.bpf.c'], { BPF_CLANG: clang })).toEqual(first)
    expect([headers(), sources()]).toEqual(runs)
    // The header that the last of them left is good for the next source.
    write(folder, { 'a.bpf.c': `${source}// another` })
    expect(await compiled(folder, ['a.bpf.c'], { BPF_CLANG: clang })).toEqual([first?.[0]])
    expect(headers()).toBe(runs[0])
    const left = readdirSync(join(folder, 'node_modules/.cache'), { recursive: true })
    expect(left.filter((name) => String(name).endsWith('.tmp'))).toEqual([])
  })

  test.each(['objects', 'vmlinux', 'pch', 'clang'])(
    'is made again where its %s are damaged',
    async (room) => {
      const folder = project({ ...kernel, 'a.bpf.c': source })
      const [first] = await compiled(folder, ['a.bpf.c'])
      const cache = join(folder, 'node_modules/.cache/unplugin-bpf')
      for (const name of readdirSync(join(cache, room), { recursive: true })) {
        const file = join(cache, room, String(name))
        try {
          const bytes = readFileSync(file)
          writeFileSync(file, bytes.fill(0x20, bytes.length >> 1))
        } catch {
          // A folder.
        }
      }
      expect(await compiled(folder, ['a.bpf.c'])).toEqual([first])
      write(folder, { 'a.bpf.c': `${source}// again` })
      expect(await compiled(folder, ['a.bpf.c'])).toEqual([first])
    },
  )
})

test('a folder where a file of the cache should be does no harm', async () => {
  const folder = project({ 'a.bpf.c': 'int x = 1;\n' })
  const [first] = await compiled(folder, ['a.bpf.c'])
  const objects = join(folder, 'node_modules/.cache/unplugin-bpf/objects')
  const [name = ''] = readdirSync(objects)
  const other = project({ 'a.bpf.c': 'int x = 1;\n' })
  mkdirSync(join(other, 'node_modules/.cache/unplugin-bpf/objects', name), { recursive: true })
  mkdirSync(join(other, 'node_modules/.cache/unplugin-bpf/clang', 'x'), { recursive: true })
  expect(await compiled(other, ['a.bpf.c'])).toEqual([first])
})
