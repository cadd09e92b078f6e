import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { readBtf } from '../../src/btf/btf.ts'
import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import type { Options } from '../../src/compile/options/options.ts'
import { helper } from '../../src/object/needs/helpers.ts'
import { type KernelNeed, kernelNeeds, minimumKernel } from '../../src/object/needs/kernel-needs.ts'
import { mapTypeSince } from '../../src/object/needs/map-types.ts'
import { programTypeSince } from '../../src/object/needs/program-types.ts'
import { compareVersions } from '../../src/object/needs/version.ts'
import { PRELUDE, project } from '../codegen/project.ts'

async function needsOf(source: string, options: Options = {}): Promise<KernelNeed[]> {
  const file = join(project({ 'test.bpf.c': PRELUDE + source }), 'test.bpf.c')
  const { bpf, diagnostics } = await buildSkeleton(file, { cache: false, ...options })
  if (!bpf) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  return kernelNeeds(bpf)
}

const map = (type: string, more = ''): string =>
  `struct { __uint(type, BPF_MAP_TYPE_${type}); __uint(max_entries, 4096); ${more} } m SEC(".maps");`
const xdp = (body: string): string => `SEC("xdp") int p(struct xdp_md *ctx) { ${body} }`

describe('what an object needs of the kernel', () => {
  it.each<[source: string, need: string, minimum: string, options?: Options]>([
    [xdp('return 1;'), 'program type XDP', '4.8'],
    [`int x; ${xdp('return x;')}`, 'feature global variables', '5.2'],
    [map('RINGBUF') + xdp('return 1;'), 'map type RINGBUF', '5.8'],
    [map('BLOOM_FILTER', '__uint(value_size, 4);'), 'map type BLOOM_FILTER', '5.16'],
    [
      map('ARRAY', '__uint(key_size, 4); __uint(value_size, 4); __uint(map_flags, 1 << 12);'),
      'feature BPF_F_INNER_MAP',
      '5.10',
    ],
    [map('RINGBUF', '__uint(map_flags, 1 << 19);'), 'feature BPF_F_RB_OVERWRITE', '6.19'],
    [
      `struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 1); __uint(key_size, 4);
        __array(values, struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); }); } m SEC(".maps");`,
      'map type RINGBUF',
      '5.8',
    ],
    [xdp('return bpf_ktime_get_tai_ns();'), 'helper bpf_ktime_get_tai_ns', '6.1'],
    [
      `static __noinline int deep(int x) { return bpf_jiffies64() + x; } ${xdp('return deep(1);')}`,
      'helper bpf_jiffies64',
      '5.6',
    ],
    [
      'SEC("kprobe.multi/x") int p(void *ctx) { return 0; }',
      'attach type BPF_TRACE_KPROBE_MULTI',
      '5.18',
    ],
    ['SEC("tcx/ingress") int p(void *ctx) { return 0; }', 'attach type BPF_TCX_INGRESS', '6.6'],
    ['SEC("tc/ingress") int p(void *ctx) { return 0; }', 'program type SCHED_CLS', '4.1'],
    ['SEC("fentry.s/x") int p(void *ctx) { return 0; }', 'feature sleepable programs', '5.10'],
    ['SEC("xdp.frags") int p(void *ctx) { return 0; }', 'feature XDP with fragments', '5.18'],
    ['SEC("syscall") int p(void *ctx) { return 0; }', 'program type SYSCALL', '5.14'],
    [
      `static long each(__u32 i, void *c) { return 0; } ${xdp('bpf_loop(1, each, 0, 0); return 1;')}`,
      'feature callbacks',
      '5.17',
    ],
    [
      `extern void bpf_rcu_read_lock(void) __ksym; ${xdp('bpf_rcu_read_lock(); return 1;')}`,
      'kernel function bpf_rcu_read_lock',
      '6.2',
    ],
    [
      `extern void bpf_rcu_read_lock(void) __ksym __weak; ${xdp('bpf_rcu_read_lock(); return 1;')}`,
      'kernel function bpf_rcu_read_lock',
      '6.2',
    ],
    [
      `struct rq {}; extern const struct rq runqueues __ksym; ${xdp('return (long)&runqueues;')}`,
      'kernel variable runqueues',
      '5.10',
    ],
    [
      `__u64 n; ${xdp('return __sync_fetch_and_add(&n, 1);')}`,
      'feature atomic operations beyond plain addition',
      '5.12',
    ],
    [xdp('return (int)ctx->data < 7 ? 2 : 1;'), 'feature 32-bit jumps', '5.1'],
    [
      `int x = 3; ${xdp('return (x / -2) + (signed char)x;')}`,
      'feature instructions of -mcpu=v4',
      '6.6',
      { cflags: ['-mcpu=v4'] },
    ],
  ])('%s: %s, so Linux %s', async (source, need, minimum, options) => {
    for (const arch of ['x86', 's390'] as const) {
      const needs = await needsOf(source, { arch, ...options })
      expect(needs.map(({ kind, name }) => `${kind} ${name}`)).toContain(need)
      expect(minimumKernel(needs)).toBe(minimum)
    }
  })

  it('names who needs it, and where first', async () => {
    const needs = await needsOf(`
      SEC("xdp") int one(void *ctx) { return bpf_ktime_get_boot_ns(); }
      SEC("xdp") int two(void *ctx) { return bpf_ktime_get_boot_ns(); }`)
    expect(needs).toContainEqual({
      kind: 'helper',
      name: 'bpf_ktime_get_boot_ns',
      since: '5.8',
      optional: false,
      users: ['one', 'two'],
      at: { section: 'xdp', offset: 0 },
    })
  })

  it('is not what a program is able to do without', async () => {
    const needs = await needsOf(`
      extern void bpf_rcu_read_lock(void) __ksym __weak;
      SEC("xdp") int p(void *ctx) { if (bpf_rcu_read_lock) bpf_rcu_read_lock(); return 1; }
      SEC("?sk_lookup") int later(void *ctx) { return bpf_ktime_get_tai_ns(); }`)
    expect(needs.map(({ name, optional }) => [name, optional])).toEqual([
      ['XDP', false],
      ['BPF_XDP', false],
      ['bpf_rcu_read_lock', true],
    ])
    expect(minimumKernel(needs)).toBe('4.8')
  })
})

const kernelBtf = '/sys/kernel/btf/vmlinux'
const noBtf = existsSync(kernelBtf) ? '' : ' (skipped: this kernel has no BTF)'

describe('the tables', () => {
  it.skipIf(noBtf)(`name helpers as this kernel does${noBtf}`, () => {
    for (const [number, name] of enumeration('BPF_FUNC_')) {
      expect(helper(number)?.name, String(number)).toBe(
        number === 0 || number > 211 ? undefined : `bpf_${name}`,
      )
    }
  })

  it.skipIf(noBtf)(`know no type that this kernel would not by its age${noBtf}`, () => {
    const types = new Set(enumeration('BPF_PROG_TYPE_').values())
    const maps = new Set(enumeration('BPF_MAP_TYPE_').values())
    const [release = '0'] =
      /^\d+\.\d+/u.exec(readFileSync('/proc/sys/kernel/osrelease', 'utf8')) ?? []
    const older = ([, since]: readonly [string, string]): boolean =>
      compareVersions(since, release) <= 0
    for (const [name] of [...programTypeSince].filter(older)) expect([...types]).toContain(name)
    for (const [name] of [...mapTypeSince].filter(older)) expect([...maps]).toContain(name)
  })

  it('have helpers in the order in which releases brought them', () => {
    for (let number = 2; helper(number); number++) {
      const [before, since] = [helper(number - 1)?.since ?? '0', helper(number)?.since ?? '0']
      expect(compareVersions(before, since), String(number)).toBeLessThanOrEqual(0)
    }
  })
})

/** The kernel's constants of that prefix, by value. */
function enumeration(prefix: string): Map<number, string> {
  const { types } = readBtf(new Uint8Array(readFileSync(kernelBtf)))
  const values = types.flatMap((type) => (type.kind === 'enum' ? type.values : []))
  return new Map(
    values.flatMap(({ name, value }) =>
      name.startsWith(prefix) ? [[Number(value), name.slice(prefix.length)] as const] : [],
    ),
  )
}

it.each([
  ['5.8', '5.10', -1],
  ['5.10', '5.8', 1],
  ['5.15', '5.15.0', 0],
  ['5.15.3', '5.15', 1],
  ['6.0', '5.19', 1],
])('version %s against %s: %d', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
})
