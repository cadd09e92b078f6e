import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import type { Diagnostic } from '../../src/compile/clang/diagnostics.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { PRELUDE, project } from './project.ts'

const source = `struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
extern void bpf_rcu_read_lock(void) __ksym __weak;
SEC("xdp") int pass(void *ctx)
{
	if (bpf_rcu_read_lock) bpf_rcu_read_lock();
	return bpf_ktime_get_tai_ns();
}
`

const adds = (statement: string): string => `__u64 count;
SEC("xdp") int pass(void *ctx)
{
	${statement}
}
`

async function warnings(options: Options, text = source): Promise<readonly Diagnostic[]> {
  const file = join(project({ 'test.bpf.c': PRELUDE + text }), 'test.bpf.c')
  const { code, diagnostics } = await buildSkeleton(file, { cache: false, ...options })
  expect(code).toBeDefined()
  return diagnostics
}

describe('the option minKernel', () => {
  it('warns of what is newer, at the line of C', async () => {
    expect(await warnings({ minKernel: '5.4' })).toMatchObject([
      {
        severity: 'warning',
        line: 5,
        message:
          'map type RINGBUF needs Linux 5.8, but the option minKernel is 5.4 (used by events)',
      },
      {
        severity: 'warning',
        line: 10,
        column: 9,
        sourceLine: '\treturn bpf_ktime_get_tai_ns();',
        message:
          'bpf_ktime_get_tai_ns needs Linux 6.1, but the option minKernel is 5.4 (used by pass)',
      },
    ])
  })

  it('knows which atomics of -mcpu=v3, the default, are newer than it', async () => {
    const fetching = adds('return __sync_fetch_and_add(&count, 1);')
    expect(await warnings({ minKernel: '5.10' }, fetching)).toMatchObject([
      {
        line: 8,
        message:
          'atomic operations beyond plain addition needs Linux 5.12, but the option minKernel is 5.10 (used by pass)',
      },
    ])
    expect(await warnings({ minKernel: '5.12' }, fetching)).toEqual([])
    const plain = adds('__sync_fetch_and_add(&count, 1); return 2;')
    expect(await warnings({ minKernel: '5.8' }, plain)).toEqual([])
  })

  it('says so once for several architectures', async () => {
    expect(await warnings({ minKernel: '5.15', arch: ['x86', 'arm64'] })).toHaveLength(1)
  })

  it.each(['6.1', '6.1.5', '6.18'])('%s: is content with what is older', async (minKernel) => {
    expect(await warnings({ minKernel })).toEqual([])
  })

  it('says nothing unasked', async () => {
    expect(await warnings({})).toEqual([])
  })
})
