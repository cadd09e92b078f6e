import { describe, expect, it } from 'vitest'

import type { Codec } from '../../src/codec/codec.ts'
import { literal, quote } from '../../src/codegen/literal.ts'
import type { Skeleton } from '../../src/runtime/skeleton/skeleton.ts'
import { bundle, evaluate } from './bundled.ts'
import { build } from './project.ts'

interface Module {
  readonly default: Skeleton
  readonly types: Readonly<Record<string, Codec<unknown>>>
  readonly defines: Readonly<Record<string, unknown>>
}

const source = `
#define DEPTH 8
#define GREETING "it's \\"quoted\\""
enum state { STATE_IDLE, STATE_BUSY = 4 };
enum { ALONE = -1 };
enum big { BIG = 1ull << 40 };
struct event { __u32 pid; enum state state; char comm[16]; struct { short x, y; } at[2]; enum big big; };
struct key { __u32 a, b; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, __u64); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, int); __type(value, struct event); } typed SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 8); __uint(map_flags, 1); __type(key, struct { __u32 prefix; struct key k; }); __type(value, __u64); } tries SEC(".maps");
const volatile int limit = 5;
struct key last;
SEC("xdp") int pass(void *ctx) {
  struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
  if (e) { __builtin_memset(e, 0, sizeof(*e)); bpf_ringbuf_submit(e, 0); }
  return limit + last.a;
}
`

describe('the generated module', () => {
  it('exports codecs, constants and macros', async () => {
    const module = (await evaluate((await build(source)).code)) as unknown as Module
    expect(module).toMatchObject({ STATE_IDLE: 0, STATE_BUSY: 4, ALONE: -1, BIG: 2n ** 40n })
    expect(module.defines).toEqual({ DEPTH: 8, GREETING: 'it\'s "quoted"' })
    expect(Object.keys(module.types).toSorted()).toEqual(['big', 'event', 'key', 'state'])
    const event = {
      pid: 1,
      state: 4,
      comm: 'sh',
      at: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
      big: 1n,
    }
    const codec = module.types['event']
    expect(codec?.decode(codec.encode(event))).toEqual(event)
  })

  it('embeds the object without DWARF', async () => {
    const { code, object } = await build(source)
    const { default: skeleton } = (await evaluate(code)) as unknown as Module
    expect(skeleton.name).toBe('test_bpf')
    expect(Buffer.compare(skeleton.object, object)).toBe(0)
    expect(object.toString()).not.toContain('.debug_info')
  })

  it('has the object last, after all that a person reads', async () => {
    const { code } = await build(source)
    const [before = '', after = ''] = code.split(/object: '[\w+/=]+'/u)
    expect(before).toContain('sections: [')
    expect(after).toBe(',\n})\n')
  })

  it('lists maps, programs and sections with their kinds', async () => {
    const { code } = await build(source)
    // clang puts what is used first before the others.
    expect(listOf(code, 'maps').toSorted()).toEqual([
      "{ name: 'bss', kind: sectionMap('.bss') }",
      "{ name: 'counts', kind: hashMap(key, u64) }",
      "{ name: 'events', kind: ringBuffer() }",
      "{ name: 'perf', kind: perfEventArray() }",
      "{ name: 'rodata', kind: sectionMap('.rodata') }",
      "{ name: 'tries', kind: lpmTrie(struct('', 12, [['prefix', 0, u32], ['k', 4, key]]), u64) }",
      "{ name: 'typed', kind: perfEventArray(event) }",
    ])
    expect(listOf(code, 'programs')).toEqual(["{ name: 'pass', kind: xdpProgram, section: 'xdp' }"])
    expect(listOf(code, 'sections')).toEqual([
      "{ ident: 'rodata', section: '.rodata', layout: struct('', 4, [['limit', 0, s32]]) }",
      "{ ident: 'bss', section: '.bss', layout: struct('', 8, [['last', 0, key]]) }",
    ])
  })

  it('says of special sections what the runtime must know', async () => {
    const { code } = await build(`
struct sock;
struct tcp_congestion_ops { __u32 flags : 3; __u64 key; void (*init)(struct sock *sk); struct sock *owner; char name[16]; };
SEC("struct_ops/init") void start(void *ctx) {}
SEC(".struct_ops.link") struct tcp_congestion_ops control = { .init = (void *)start };
SEC("?.struct_ops") struct tcp_congestion_ops spare = {};
#define __arena __attribute__((address_space(1)))
struct { __uint(type, 33); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 1); } shared SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 1); __type(key, __u32); __type(value, __u16); } mapped SEC(".maps");
int __arena visits;
__u64 hits SEC(".percpu");
struct bpf_spin_lock lock SEC(".data.a.b");
int guarded SEC(".data.a.b") = 1;
int other SEC(".data.a_b") = 1;
SEC("syscall") int run(void *ctx) { hits++; visits++; return guarded + other; }
`)
    expect(listOf(code, 'maps').toSorted()).toEqual([
      "{ name: 'control', kind: structOpsMap('.struct_ops.link', struct('tcp_congestion_ops', 48, [['key', 8, u64], ['init', 16, u64]]), ['init']) }",
      "{ name: 'data_a_b', kind: sectionMap('.data.a.b', false) }",
      "{ name: 'data_a_b___2', kind: sectionMap('.data.a_b') }",
      "{ name: 'mapped', kind: mmapableArray(u16) }",
      "{ name: 'percpu', kind: perCpuSectionMap('.percpu', struct('', 8, [['hits', 0, u64]])) }",
      "{ name: 'shared', kind: arenaMap('.addr_space.1') }",
      "{ name: 'spare', kind: structOpsMap('?.struct_ops', struct('tcp_congestion_ops', 48, [['key', 8, u64], ['init', 16, u64]]), ['init']) }",
    ])
    const sections = listOf(code, 'sections').map((line) => line.split(', ', 2).join(', '))
    expect(sections.toSorted()).toEqual([
      "{ ident: 'arena', section: '.addr_space.1'",
      "{ ident: 'data_a_b', section: '.data.a.b'",
      "{ ident: 'data_a_b___2', section: '.data.a_b'",
      "{ ident: 'percpu', section: '.percpu'",
    ])
  })

  it('lists them in the order of the object', async () => {
    const { code, bpf } = await build(source)
    const names = listOf(code, 'maps').map((line) => line.split("'")[1])
    expect(names).toEqual(bpf.maps.map(({ name }) => name))
  })

  it('leaves a bundle that wants one constant with nothing else', async () => {
    const { code, browserCode } = await build(source)
    const entry = "import { STATE_BUSY } from 'skeleton'; console.log(STATE_BUSY)"
    for (const flavour of [code, browserCode]) {
      const text = await bundle(entry, flavour)
      expect(text.replaceAll(/^\/\/.*\n/gmu, '')).toMatch(
        /^var STATE_BUSY = 4;\s+console\.log\(STATE_BUSY\);\s*$/u,
      )
    }
  })

  it('is the same for the same source', async () => {
    const [one, other] = [await build(source), await build(source)]
    expect(one.file).not.toBe(other.file)
    expect(one.code).toBe(other.code)
  })
})

describe('the module for a browser', () => {
  it('has types and names, but no object, no runtime, and nothing to open', async () => {
    const { browserCode } = await build(source)
    expect(browserCode).not.toMatch(/unplugin-bpf\/(?!codec)/)
    const module = (await evaluate(browserCode)) as unknown as Module
    expect(module.types['key']?.size).toBe(8)
    expect(module.default).toMatchObject({ name: 'test_bpf', programs: ['pass'] })
    expect(() => module.default.open()).toThrow(
      expect.objectContaining({ code: 'ERR_BPF_UNSUPPORTED' }),
    )
    expect(browserCode.length).toBeLessThan(4000)
  })
})

describe('names of C', () => {
  it.each(['__proto__', 'constructor', 'await', 'function', 'types', 'skeleton', 'struct_', 'let'])(
    '%s is a variable, a map, a member and a program like any other',
    async (name) => {
      const { code } = await build(`
        struct t { int ${name}; };
        struct t first;
        int ${name} SEC(".data.one") = 1;
        SEC("xdp") int in_${name}(void *ctx) { return first.${name} + ${name}; }
      `)
      const { types } = (await evaluate(code)) as unknown as Module
      expect(Object.keys(types['t']?.decode(new Uint8Array(4)) as object)).toEqual([name])
    },
  )

  it('that JavaScript refuses end in an underscore, second ones in ___2', async () => {
    const { code } = await build(`
      enum function { await, types, defines, skeleton, u32, open };
      struct class { enum function f; };
      struct string { struct class c; };
      typedef struct { int x; } event;
      struct event { int y; };
      struct string s; event e; struct event f;
      SEC("xdp") int p(void *ctx) { return s.c.f + e.x + f.y; }
    `)
    const module = await evaluate(code)
    expect(Object.keys(module).toSorted()).toEqual(
      [
        'await_',
        'default',
        'defines',
        'defines___2',
        'open',
        'skeleton',
        'types',
        'types___2',
        'u32',
      ].toSorted(),
    )
    expect(Object.keys((module as unknown as Module).types).toSorted()).toEqual([
      'class_',
      'event',
      'event___2',
      'function_',
      'string_',
    ])
  })
})

describe('a literal', () => {
  const texts = ["'", '"', '\\', '\n', '\u2028', '${x}', '*/', '\0', '\ud800', '</script>', "\\'"]
  it.each(texts)('of %j is that text', async (text) => {
    const module = await import(
      `data:text/javascript;base64,${Buffer.from(`export default ${quote(text)}`).toString('base64')}`
    )
    expect(module.default).toBe(text)
  })

  it('of a number is that number', () => {
    expect([literal(-1), literal(2n ** 63n), literal('a')]).toEqual([
      '-1',
      '9223372036854775808n',
      "'a'",
    ])
  })
})

function listOf(code: string, name: string): string[] {
  const [, list = ''] = new RegExp(`^  ${name}: \\[\n(.*?)^  \\],`, 'msu').exec(code) ?? []
  const lines = [...list.matchAll(/^ {4}(.*),$/gmu)]
  return lines.map(([, line = '']) => line.replaceAll('/*#__PURE__*/ ', ''))
}
