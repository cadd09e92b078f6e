import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { writeDeclarations } from '../../src/codegen/declaration-file.ts'
import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { build, PRELUDE, project } from './project.ts'
import { definitionsOf, type Definition } from './tsserver.ts'
import { tsconfig, typeCheck, VERSIONS } from './typescript.ts'

const source = `
#define MAX_DEPTH 8

enum trace_state { STATE_IDLE, STATE_RUNNING = 4 };
enum big { BIG = 1ull << 40 };

struct trace_key {
	__u32 pid;
	__u32 cpu;
};

/* One process start. */
struct event {
	__u64 ts;          /* ns since boot */
	__u64 small __attribute__((btf_decl_tag("js:number")));
	__u32 pid;
	enum trace_state state;
	char comm[16];
	__u8 addr[6];
	__u32 flags : 3, depth : 5;
	__u64 wide : 40;
	union {
		__u32 code;
		__s32 err;
	} result;
	struct {
		__s16 x, y;
	} at[2];
	union {
		int number;
		struct { short low, high; };
	};
};

/* Only this process, or all when 0. */
const volatile __u32 target_pid = 0;
__u64 count;
struct trace_key last;
char name[16];
__u8 mac[6];
__u32 slots[64] SEC(".data.hist");
enum big bigs;
bool on;

extern int LINUX_KERNEL_VERSION __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct trace_key);
	__type(value, __u64);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct trace_key);
} scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18);
} events SEC(".maps");

/* Counts. */
SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (e)
		bpf_ringbuf_discard(e, 0);
	return target_pid + count + last.pid + name[0] + mac[0] + slots[ctx->rx_queue_index & 63] +
	       bigs + on + LINUX_KERNEL_VERSION;
}
`

const use = `
import { shutdownSignal } from 'unplugin-bpf/runtime'
import skel, { BIG, defines, STATE_RUNNING, types, type event, type test_bpf, type trace_state } from './test.bpf.c'

const trace: test_bpf = skel.open()
trace.rodata.target_pid = 1
trace.maps.events.maxEntries = 1 << 20
trace.load().attach()
trace.links.count_packets = trace.progs.count_packets.attachXdp('eth0')
trace.links.count_packets = null

const signal = shutdownSignal()
for await (const e of trace.maps.events.as(types.event)) {
  const line: [bigint, number, string, number, number, bigint] = [e.ts, e.small, e.comm, e.at[1].x, e.result.err, e.wide]
  if (e.state === STATE_RUNNING && e.depth === defines.MAX_DEPTH && !signal.aborted) console.log(...line, e.low)
}
trace.bss.count = 0
trace.bss.count = 1n
trace.bss.on = true
trace.bss.name = 'text'
trace.bss.name = Uint8Array.of(1)
trace.bss.mac = [1, 2, 3, 4, 5, 6]
trace.bss.mac[1] = 5
trace.bss.last = { pid: 1, cpu: 2 }
trace.bss.last.pid = 3
trace.bss.bigs = BIG
trace.bss.bigs = 4
trace.data_hist.slots.fill(0)
trace.data_hist.slots[3] = 9
const started: bigint | undefined = trace.maps.starts.get({ pid: 1, cpu: 0 })
trace.maps.starts.set({ pid: 1, cpu: 0 }, 5).set({ pid: 2, cpu: 0 }, 6n, 'noexist')
for (const [key, value] of trace.maps.starts) console.log(key.pid, value, started)
const perCpu: { pid: number; cpu: number }[] | undefined = trace.maps.scratch.get(0)
const common = { ts: 1, small: 1, pid: 1, state: 4, comm: 'sh', addr: [1, 2, 3, 4, 5, 6], flags: 0, depth: 1, wide: 1, at: [{ x: 1, y: 2 }, { x: 3, y: 4 }] }
// Of a union's members, any.
types.event.encode({ ...common, result: { code: 0, err: 0 }, number: 1 })
types.event.encode({ ...common, result: { err: 0 }, low: 1, high: 2 })
const back: event = types.event.decode(new Uint8Array(types.event.size))
const state: trace_state = 17
const version: number = trace.kconfig.LINUX_KERNEL_VERSION
trace.destroy()
void [perCpu, back, state, version]

// @ts-expect-error no such variable
trace.rodata.nope = 1
// @ts-expect-error a number is wanted
trace.rodata.target_pid = 'x'
// @ts-expect-error 64-bit values are read as bigint
const n: number = trace.bss.count
// @ts-expect-error a key has two fields
trace.maps.starts.get({ pid: 1 })
// @ts-expect-error no such map
trace.maps.nope
// @ts-expect-error XDP programs have no attachKprobe
trace.progs.count_packets.attachKprobe('x')
// @ts-expect-error not an interface
trace.progs.count_packets.attachXdp({})
// @ts-expect-error no such program
trace.links.nope = null
// @ts-expect-error groups are sealed
trace.maps = {}
// @ts-expect-error the kernel's
trace.kconfig.LINUX_KERNEL_VERSION = 1
// @ts-expect-error a field is missing
types.trace_key.encode({ pid: 1 })
// @ts-expect-error none of a union's members
types.event.encode({ ...common, result: {}, number: 1 })
// @ts-expect-error a field of another type
types.trace_key.encode({ pid: 'x', cpu: 1 })
void n
`

/** They check the runtime's sources as well. */
const COMPILER = 300_000

/** Names that C allows and JavaScript or TypeScript keeps for itself. */
const names = `
enum function { await, types, defines, rt, skel, undefined, any, globalThis, event };
struct class { enum function f; int constructor, get, new, readonly; };
struct string { struct class c; };
struct Uint8Array { __u8 bytes[4]; __u64 n; };
struct Link { int a; };
struct rt { int b; };
struct names_bpf { int c; };
struct empty {};
typedef struct { int x; } event_t;
struct string s; struct Uint8Array u; struct Link l; struct rt r; struct names_bpf t; event_t e; struct empty em;
__u64 constructor; __u64 get; int set, __proto__;
/* a comment with *\\/ in it // and ' " \` */
int x;
SEC("xdp") int await_(void *ctx) {
	return s.c.f + u.n + l.a + r.b + t.c + e.x + constructor + get + set + __proto__ + x + (long)&em;
}
SEC("?xdp") int function_(void *ctx) { return 0; }
SEC("my/section \\"quoted\\" */ x") int p(void *ctx) { return x; }
`

const useNames = `
import skel, { event, types, type event_t, type function_, type Link, type string_ } from './names.bpf.c'
const t = skel.open()
t.bss.constructor = 1
t.bss.__proto__ = 2
const s: string_ = types.string_.decode(new Uint8Array(20))
const f: function_ = s.c.new
const l: Link = { a: event }
const e: event_t = { x: 1 }
const bytes: Uint8Array = types.Uint8Array.decode(types.Uint8Array.encode({ bytes: [1, 2, 3, 4], n: 1 })).bytes
void [f, l, e, bytes]
`

describe('declarations', () => {
  it.each(VERSIONS)(
    'compile under %s with right uses of them, and not with wrong ones',
    async (version) => {
      const folder = project({
        'package.json': '{ "type": "module" }',
        'tsconfig.json': tsconfig,
        'use.ts': use,
        'use-names.ts': useNames,
      })
      await declare(join(folder, 'test.bpf.c'), source)
      await declare(join(folder, 'names.bpf.c'), names)
      expect(await typeCheck(folder, version)).toBe('')
    },
  )

  it('carry the comments of C', async () => {
    const { file, declarationsFor } = await build(source)
    const text = declarationsFor(file)
    expect(text).toContain('/** One process start. */\nexport interface event')
    expect(text).toContain('  /** ns since boot */\n  ts: bigint\n')
    expect(text).toContain('/** Only this process, or all when 0. */\n    target_pid: number')
    expect(text).toContain(
      '    /**\n     * Counts.\n     *\n     * `SEC("xdp")`\n     */\n    readonly count_packets: rt.XdpProgram',
    )
  })
})

const leads: [expression: string, line: string][] = [
  ['skel', 'the source'],
  ['trace.maps.starts', 'starts in } starts SEC(".maps");'],
  ['trace.progs.count_packets', 'count_packets in int count_packets(struct xdp_md *ctx)'],
  ['trace.links.count_packets', 'count_packets in int count_packets(struct xdp_md *ctx)'],
  ['trace.rodata.target_pid', 'target_pid in const volatile __u32 target_pid = 0;'],
  ['trace.bss.count', 'count in __u64 count;'],
  ['trace.data_hist.slots', 'slots in __u32 slots[64] SEC(".data.hist");'],
  ['types.event', 'event in struct event {'],
  ['e.comm', 'comm in char comm[16];'],
  ['e.result.err', 'err in __s32 err;'],
  ['e.at[1].y', 'y in __s16 x, y;'],
  ['e.low', 'low in struct { short low, high; };'],
  ['defines.MAX_DEPTH', 'MAX_DEPTH in #define MAX_DEPTH 8'],
  ['STATE_RUNNING', 'STATE_RUNNING in enum trace_state { STATE_IDLE, STATE_RUNNING = 4 };'],
]

it('"go to definition" in an editor leads to C', { timeout: COMPILER }, async () => {
  const file = 'test.bpf.c'
  const expressions = leads.map(([expression]) => `;[${expression}]`)
  const main = [
    `import skel, { defines, STATE_RUNNING, types } from './${file}'`,
    'const trace = skel.open()',
    'const e = types.event.decode(new Uint8Array())',
    ...expressions,
  ]
  const folder = project({
    'package.json': '{ "type": "module" }',
    'tsconfig.json': tsconfig,
    'main.ts': main.join('\n'),
  })
  await declare(
    join(folder, file),
    source,
    join(folder, '.bpf/types', `${file.slice(0, -1)}d.c.ts`),
  )
  const places = expressions.map((text, index) => ({ line: index + 4, offset: text.length - 1 }))
  const definitions = await definitionsOf(join(folder, 'main.ts'), places)
  const found = definitions.map((definition, index) => [leads[index]?.[0], lead(definition)])
  expect(found).toEqual(leads)
})

/** The name and the line at a place. */
function lead(definition: Definition | undefined): string {
  if (!definition) return 'nowhere'
  const { file, line, offset } = definition
  if (file.endsWith('.bpf.c') && line === 1) return 'the source'
  const text = readFileSync(file, 'utf8').split('\n')[line - 1] ?? ''
  const name = /^\w*/u.exec(text.slice(offset - 1))?.[0]
  return `${name} in ${text.replace(/\/\*.*/u, '').trim()}`
}

/** Writes a source, and its declarations beside it or to `declarations`. */
async function declare(
  file: string,
  content: string,
  declarations: string = file.replace(/c$/u, 'd.c.ts'),
): Promise<void> {
  writeFileSync(file, PRELUDE + content)
  const { declarationsFor, diagnostics } = await buildSkeleton(file, { cache: false })
  if (!declarationsFor) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
  await writeDeclarations(declarations, declarationsFor(declarations))
}
