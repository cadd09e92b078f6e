import { onTestFinished } from 'vitest'

import { sameSections, shapeChange, type SkeletonExports } from '../../../plugin/dev/shape.ts'
import { AgentRun, Incompatible, replaceSkeleton } from '../../../src/runtime/hot/index.ts'
import type {
  ArrayMap,
  HashMap,
  KprobeProgram,
  Links,
  PerfEventArray,
  ProgArray,
  RingBuffer,
  SchedClsProgram,
  SkeletonInstance,
  SocketFilterProgram,
  SyscallProgram,
  XdpProgram,
} from '../../../src/runtime/index.ts'
import type { cgroupProgram } from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'

/** The C source that the tests edit. */
export const source: string = `
struct point { __s16 x; __u32 y; };
const volatile __u32 step = 1;
const volatile char label[8] = "start";
const volatile __u32 self;
int limit = 5;
static __u64 hidden;
__u64 count;
__u32 history[4];
char name[16];
struct point last;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, __u32);
} records SEC(".maps");

struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, __u32); __type(value, __u32); } samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} calls SEC(".maps");

/* EXTRA */

SEC("syscall")
int run(void *ctx)
{
	__u32 key = 1, n;
	__u64 *value = bpf_map_lookup_elem(&seen, &key);

	count += step;
	hidden++;
	history[1] = hidden;
	last.y += limit;
	n = count;
	if (value)
		*value += 1;
	bpf_ringbuf_output(&records, &n, sizeof(n), 0);
	return n;
}

SEC("?socket") int tail(struct __sk_buff *ctx) { return 70; }
SEC("?socket") int jump(struct __sk_buff *ctx) { bpf_tail_call(ctx, &calls, 1); return -1; }

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == self) {
		last.x++;
		bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, (void *)&self, sizeof(self));
	}
	return 0;
}

SEC("?xdp") int pass(struct xdp_md *ctx) { return XDP_PASS; }
SEC("?tc") int classify(struct __sk_buff *skb) { return -1; }
SEC("?cgroup/sock_create") int created(struct bpf_sock *ctx) { return 1; }
SEC("?uprobe") int probed(void *ctx) { return 0; }
`

export interface Test extends SkeletonInstance {
  maps: {
    seen: HashMap<number, bigint>
    records: RingBuffer<number>
    samples: PerfEventArray<number>
    calls: ProgArray
    added: ArrayMap<number>
  }
  progs: Record<'run' | 'on_enter', SyscallProgram> & {
    tail: SocketFilterProgram
    jump: SocketFilterProgram
    pass: XdpProgram
    classify: SchedClsProgram
    created: InstanceType<typeof cgroupProgram>
    probed: KprobeProgram
  }
  links: Links<'on_enter' | 'pass' | 'classify' | 'created' | 'probed' | 'added'>
  rodata: { step: number; label: string; self: number }
  data: { limit: number }
  bss: {
    count: bigint
    history: ArrayLike<number>
    name: string
    last: { x: number; y: number }
  }
}

export type Edit = readonly [before: string, after: string]

export interface Started {
  readonly opened: Test
  /** One more, in the same way. */
  open(): Test
  /** Compiles the source with edits, and replaces the running program by it as a development server does. */
  edit(...edits: Edit[]): ReturnType<typeof replaceSkeleton>
}

let count = 0

/** Makes a skeleton, and opens and loads it as an agent in a development server does. */
export async function start(
  prepare: (opened: Test) => void = () => {},
  text: string = source,
): Promise<Started> {
  const tag = `\n/* ${count++} */`
  const running = (await build<Test>(text + tag)).exports as SkeletonExports
  const agent = new AgentRun()
  const open = (): Test =>
    agent.start(() => {
      const opened = running.default.open() as Test
      onTestFinished(() => opened.destroy())
      prepare(opened)
      return opened.load()
    })
  return {
    opened: open(),
    open,
    async edit(...edits) {
      const edited = edits.reduce((text, [before, after]) => {
        if (!text.includes(before)) throw new Error(`there is no ${before}`)
        return text.replace(before, after)
      }, text)
      const next = (await build<Test>(edited + tag)).exports as SkeletonExports
      const change = shapeChange(running, next)
      if (change !== undefined) throw new Incompatible(change)
      return replaceSkeleton(running.default, next.default, sameSections(running, next))
    },
  }
}

export const faster: Edit = ['count += step', 'count += 10 * step']

export function run({ progs }: Test): number {
  return progs.run.testRun({}).retval
}
