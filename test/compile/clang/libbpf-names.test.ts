import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { buildSkeleton } from '../../../src/codegen/skeleton.ts'
import { formatDiagnostic } from '../../../src/compile/clang/diagnostics.ts'
import { findLibbpfHeaders, minorOfName } from '../../../src/compile/clang/libbpf-names.ts'
import { libbpf18 } from '../../debian/linux-tools.ts'
import { Unavailable } from '../../debian/unavailable.ts'

const [version = ''] = [findLibbpfHeaders(['/usr/local/include', '/usr/include'])?.version]
const installed = Number(version.split('.')[1] ?? Number.NaN)

async function complaints(body: string, include: string[] = []): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-names-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const source = join(folder, 'test.bpf.c')
  writeFileSync(
    source,
    `#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include <bpf/usdt.bpf.h>
char LICENSE[] SEC("license") = "GPL";
${body}
`,
  )
  const { diagnostics } = await buildSkeleton(source, { cache: false, include })
  return diagnostics.map(formatDiagnostic).join('\n')
}

const uses: readonly [name: string, body: string][] = [
  ['BPF_UPROBE', 'SEC("uprobe") int BPF_UPROBE(called, int n) { return n; }'],
  ['BPF_URETPROBE', 'SEC("uretprobe") int BPF_URETPROBE(returned, int n) { return n; }'],
  ['bpf_usdt_arg_size', 'SEC("usdt") int f(struct pt_regs *c) { return bpf_usdt_arg_size(c, 1); }'],
  [
    '__arg_ctx',
    '__noinline static int g(void *ctx __arg_ctx) { return 0; } SEC("tc") int f(void *c) { return g(c); }',
  ],
  [
    '__arg_arena',
    '__noinline static int g(void *p __arg_arena) { return 0; } SEC("tc") int f(void *c) { return g(c); }',
  ],
  ['__ulong', 'struct { __uint(type, 33); __ulong(map_extra, 1); } arena SEC(".maps");'],
  ['likely', 'SEC("tc") int f(long *c) { if (likely(c[0])) return 1; return 0; }'],
  [
    'bpf_core_cast',
    'SEC("tc") int f(void *c) { return bpf_core_cast(c, struct task_struct)->pid; }',
  ],
]

test.for(uses)(
  '%s is explained where the headers are too old for it',
  async ([name, body], { skip }) => {
    const minor = minorOfName.get(name) ?? 0
    if (!(installed < minor)) skip(`the installed headers are those of ${version}`)
    const text = await complaints(body)
    expect(text).toMatch(
      new RegExp(
        `note: ${name} came with libbpf 1\\.${minor}, and the headers in /usr/.*/bpf are those of ${version.replace('.', '\\.')}: .*option include, or `,
      ),
    )
    expect(text.match(/came with libbpf/g)).toHaveLength(1)
  },
)

test('what the headers have gets no such note', async () => {
  const text = await complaints(
    'SEC("kprobe") int BPF_KPROBE(called, int n) { return undeclared; }',
  )
  expect(text).toContain('undeclared')
  expect(text).not.toContain('came with')
})

test('what no libbpf has is explained, too', async () => {
  expect(await complaints('int __arena *pointer;')).toMatch(
    /no header of libbpf defines __arena.*#define __arena/,
  )
})

test('newer headers in the option include are the cure, and have every name', async ({ skip }) => {
  const folder = await newerHeaders(skip)
  for (const [name, body] of uses)
    expect([name, await complaints(body, [folder])]).toEqual([name, ''])
  const headers = ['bpf_helpers.h', 'bpf_tracing.h', 'bpf_core_read.h', 'usdt.bpf.h']
  const text = headers.map((header) => readFileSync(join(folder, 'bpf', header), 'utf8')).join('\n')
  for (const name of minorOfName.keys()) expect(text).toMatch(new RegExp(`\\b${name}\\b`))
})

test('the version of headers is read, where they say it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-names-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'bpf'))
  expect(findLibbpfHeaders([folder])).toBeUndefined()
  writeFileSync(join(folder, 'bpf/bpf_helpers.h'), '')
  expect(findLibbpfHeaders([folder])).toEqual({ folder: join(folder, 'bpf'), version: undefined })
  writeFileSync(
    join(folder, 'bpf/libbpf_version.h'),
    '#define LIBBPF_MAJOR_VERSION 2\n#define LIBBPF_MINOR_VERSION 13\n',
  )
  expect(findLibbpfHeaders([folder])?.version).toBe('2.13')
})

async function newerHeaders(skip: (why: string) => never): Promise<string> {
  try {
    return (await libbpf18()).include
  } catch (error) {
    if (error instanceof Unavailable) return skip(error.message)
    throw error
  }
}
