import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { readBtfOf, typeAt } from '../../../src/btf/btf.ts'
import { compile, type CompileResult } from '../../../src/compile/compile.ts'
import type { Options } from '../../../src/compile/options/options.ts'
import { readElf } from '../../../src/elf/elf.ts'
import { stripDebug } from '../../../src/elf/strip.ts'
import { countingClang, project } from '../project.ts'

const program = `
struct event { u32 pid; char comm[16]; };
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } ring SEC(".maps");
SEC("tp/syscalls/sys_enter_write") int on_write(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e) return 0;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`
const helpers = '#include <bpf/bpf_helpers.h>\n'
const vmlinux = '#include "vmlinux.h"\n'

const noBtf = existsSync('/sys/kernel/btf/vmlinux') ? '' : ' (skipped: this kernel has no BTF)'

describe.skipIf(noBtf)(`libbpf's headers right behind vmlinux.h${noBtf}`, () => {
  let cache: string
  beforeAll(() => {
    cache = mkdtempSync(join(tmpdir(), 'libbpf headers '))
  })
  afterAll(() => rmSync(cache, { recursive: true }))

  const compiled = async (
    files: Record<string, string>,
    options: Options = {},
  ): Promise<CompileResult & { object: Uint8Array; log: string }> => {
    const { clang, log } = await countingClang()
    const cwd = project(files)
    const result = await compile('a.bpf.c', { cwd, clang, cache, ...options })
    const { object, diagnostics } = result
    if (!object) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
    return { ...result, object, log: log() }
  }

  test('are precompiled with it, which spares objects what only those speak of', async () => {
    const source = `${vmlinux}${helpers}#include <bpf/bpf_core_read.h>\n${program}`
    const { object, log, dependencies } = await compiled({ 'a.bpf.c': source })
    expect(log).toMatch(
      /-include .+\/vmlinux\.h -include \S+\/bpf_helpers\.h -x c-header \S+\/bpf_core_read\.h/u,
    )
    expect(object.length).toBeLessThan(50_000)
    for (const name of ['bpf_helpers.h', 'bpf_helper_defs.h', 'bpf_core_read.h']) {
      expect(dependencies.map((file) => file.slice(file.lastIndexOf('/') + 1))).toContain(name)
    }
    // What -include brings comes before: nothing is precompiled.
    const plain = await compiled(
      { 'a.bpf.c': source, 'empty.h': '' },
      { cflags: ['-include', 'empty.h'] },
    )
    expect(plain.log).not.toContain('c-header')
    expect(stripDebug(object)).toEqual(stripDebug(plain.object))
  })

  test.each([
    ['a macro between them', `${vmlinux}#define MINE 1\n${helpers}`, {}],
    ['a header of the project between them', `${vmlinux}#include "own.h"\n${helpers}`, {}],
    ['a macro that they ask for', `#define BPF_NO_GLOBAL_DATA 1\n${vmlinux}${helpers}`, {}],
    ['an include folder with its own', `${vmlinux}${helpers}`, { include: ['inc'] }],
  ])('are read where they stand: %s', async (_, includes, options: Options) => {
    const files = {
      'a.bpf.c': includes + program,
      'own.h': '#define OWN 1\n',
      'inc/bpf/bpf_helpers.h': `#include_next <bpf/bpf_helpers.h>\n`,
    }
    const { log } = await compiled(files, options)
    expect(log).toContain('-x c-header')
    expect(log).not.toContain('bpf_helpers.h')
  })

  test('leave out no extern that only a cleanup attribute calls', async () => {
    const source = `${vmlinux}${helpers}
extern void bpf_iter_num_destroy(struct bpf_iter_num *it) __weak __ksym;
extern int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __weak __ksym;
extern int *bpf_iter_num_next(struct bpf_iter_num *it) __weak __ksym;
int sum;
SEC("raw_tp/sys_enter") int count(void *ctx)
{
	struct bpf_iter_num it __attribute__((aligned(8), cleanup(bpf_iter_num_destroy)));
	int *i;
	bpf_iter_num_new(&it, 0, 10);
	while ((i = bpf_iter_num_next(&it))) sum += *i;
	return 0;
}
char LICENSE[] SEC("license") = "GPL";
`
    const { object } = await compiled({ 'a.bpf.c': source })
    const btf = readBtfOf(readElf(object))
    if (!btf) throw new Error('the object has no BTF')
    const names = btf.types.flatMap((type) =>
      type.kind === 'datasec' ? type.variables.map(({ type }) => typeAt(btf, type).name) : [],
    )
    expect(names).toContain('bpf_iter_num_destroy')
  })
})
