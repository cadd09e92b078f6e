import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 ts; __u32 pid; char name[8]; };
struct event last;
__u64 count;
__u32 slots[4096];
const volatile __u32 target;
__u64 own SEC(".data.own");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } cpu_seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __type(key, __u32); __type(value, struct event); } array SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 8); __uint(map_flags, BPF_F_MMAPABLE); __type(key, __u32); __type(value, struct event); } mapped SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(value, __u64); } queue SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK); __uint(max_entries, 8); __type(value, __u64); } stack SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 8); __type(value, __u64); } bloom SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 4); } tails SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_CGROUP_ARRAY); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 4); } groups SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 8); __uint(key_size, 4); __uint(value_size, 8 * 16); } stacks SEC(".maps");
struct prefix { __u32 length; __u8 data[4]; };
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 8); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, struct prefix); __type(value, __u64); } trie SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_DEVMAP); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } devices SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_SOCKHASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } sockets SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } sent SEC(".maps");
struct inner { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } inner SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32); __array(values, struct inner); } outer SEC(".maps");
SEC("syscall") int emit(void *ctx)
{
	last.ts = ++count + own + target;
	bpf_ringbuf_output(&events, &last, sizeof(last), 0);
	return 0;
}
SEC("raw_tp/sys_enter") int on_enter(void *ctx) { return 0; }
SEC("tp_btf/sched_switch") int on_switch(void *ctx) { return 0; }
SEC("tp/sched/sched_process_exec") int on_exec(void *ctx) { return 0; }
SEC("xdp") int on_packet(void *ctx) { return 2; }
SEC("tc") int on_tc(struct __sk_buff *ctx) { return 0; }
SEC("perf_event") int on_sample(void *ctx) { return 0; }
SEC("uprobe") int on_call(void *ctx) { return 0; }
SEC("cgroup_skb/egress") int on_egress(void *ctx) { return 1; }
SEC("socket") int on_socket(void *ctx) { return 0; }
SEC("sk_lookup") int on_lookup(void *ctx) { return 1; }
SEC("iter/bpf_map") int on_map(void *ctx) { return 0; }
`

const { file } = await build(source, 'walked')
const walker = fileURLToPath(new URL('random-walk.ts', import.meta.url))

/** For longer walks: BPF_WALK=STEPS, BPF_WALK_SEED=FIRST. */
const steps = Number(process.env['BPF_WALK'] ?? 2000)
const seed = Number(process.env['BPF_WALK_SEED'] ?? 1)

/** Runs a walk in namespaces of its own, so that what it pins and attaches ends with it. */
const apart = [
  'timeout',
  '--signal=KILL',
  `${20 + steps / 100}`,
  'unshare',
  '--mount',
  '--net',
  'sh',
  '-c',
  'mount -t bpf bpf /sys/fs/bpf; ip link set lo up; exec "$@"',
  'sh',
]

interface Walked {
  readonly signal: string | null
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Each line a step and what it does; the last is what crashed. */
  readonly log: readonly string[]
}

/** @param only some of the steps */
async function walk(seed: number, only?: readonly number[]): Promise<Walked> {
  const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-walk-'))
  try {
    const log = join(folder, 'steps')
    closeSync(openSync(log, 'w'))
    const { code, signal, stdout, stderr } = await runChild(
      file,
      `const { randomWalk } = await import(${JSON.stringify(walker)})
       const { openSync } = await import('node:fs')
       const log = openSync(${JSON.stringify(log)}, 'a')
       const modules = [{ setLog, ktimeToDate: runtime.ktimeToDate }, runtime.probe, await import('unplugin-bpf/net'), await import('unplugin-bpf/symbols')]
       console.log(JSON.stringify(await randomWalk({ skel, types, modules, seed: ${seed}, steps: ${steps}, only: ${JSON.stringify(only)}, log })))
       process.exit(0)`,
      { nodeOptions: ['--expose-gc', '--no-warnings'], prefix: apart },
    )
    return { code, signal, stdout, stderr, log: readFileSync(log, 'utf8').trimEnd().split('\n') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const failed = ({ code, stderr }: Walked): boolean => code !== 0 || stderr !== ''

/** How long a crash is minimised, in milliseconds. */
const minimiseFor = 120_000

/** Minimises a walk that crashes: leaves out halves, quarters and so on of its steps that the crash does not need. */
async function minimised(seed: number, crashed: Walked): Promise<Walked> {
  const until = Date.now() + minimiseFor
  let fewest = crashed
  const last = Number.parseInt(crashed.log.at(-1) ?? '', 10)
  let left = Array.from({ length: last + 1 }, (_, step) => step)
  for (let size = left.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < left.length && Date.now() < until;) {
      const fewer = left.toSpliced(at, size)
      const again = await walk(seed, fewer)
      if (failed(again)) {
        left = fewer
        fewest = again
      } else at += size
    }
  }
  return fewest
}

describeInKernel('any sequence of calls', () => {
  test.each([0, 1, 2].map((more) => seed + more))(
    'with odd values ends in errors alone (seed %i)',
    async (seed) => {
      const walked = await walk(seed)
      if (failed(walked)) {
        const { signal, code, stderr, log } = await minimised(seed, walked)
        expect.fail(JSON.stringify({ seed, signal, code, stderr, log: log.slice(-20) }, null, 2))
      }
      expect(JSON.parse(walked.stdout)).toMatchObject({ BpfError: expect.any(Number) })
      if (process.env['BPF_WALK']) console.log(walked.stdout)
    },
    600_000,
  )
})
