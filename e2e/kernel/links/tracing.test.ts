import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import type {
  PerfEventOptions,
  PerfEventArray,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import type {
  kprobeProgram,
  perfEventProgram,
  rawTracepointProgram,
  tracepointProgram,
  tracingProgram,
  xdpProgram,
} from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
#include <linux/ptrace.h>
const volatile __u32 target = 0;
__u64 hits[8];
__u64 cookie;

#define HIT(n) do { \\
	if (bpf_get_current_pid_tgid() >> 32 == target) __sync_fetch_and_add(&hits[n], 1); \\
	return 0; } while (0)

SEC("raw_tp") int raw(void *ctx) { cookie = 1; HIT(0); }
SEC("tp_btf/sys_enter") int btf(void *ctx) { if (bpf_get_current_pid_tgid() >> 32 == target) cookie = bpf_get_attach_cookie(ctx); HIT(1); }
SEC("tracepoint") int point(void *ctx) { HIT(2); }
SEC("uprobe") int probe(void *ctx) { if (bpf_get_current_pid_tgid() >> 32 == target) cookie = bpf_get_attach_cookie(ctx); HIT(3); }
SEC("perf_event") int sample(void *ctx) { HIT(4); }
SEC("xdp") int drop(struct xdp_md *ctx) { __sync_fetch_and_add(&hits[5], 1); return XDP_PASS; }

struct sample { __u32 n; char name[11]; };
struct sample unused_sample;
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, __u32); __type(value, struct sample); } samples SEC(".maps");
SEC("raw_tp/sys_enter") int output(void *ctx)
{
	struct sample s = { .name = "sampled" };

	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	s.n = __sync_fetch_and_add(&hits[0], 1);
	bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &s, sizeof(s));
	return 0;
}
`

type InstanceOf<C> = C extends new (...args: never[]) => infer P ? P : never
interface Test extends SkeletonInstance {
  maps: { samples: PerfEventArray<{ n: number; name: string }> }
  progs: {
    raw: InstanceOf<typeof rawTracepointProgram>
    btf: InstanceOf<typeof tracingProgram>
    point: InstanceOf<typeof tracepointProgram>
    probe: InstanceOf<typeof kprobeProgram>
    sample: InstanceOf<typeof perfEventProgram>
    drop: InstanceOf<typeof xdpProgram>
    output: InstanceOf<typeof rawTracepointProgram>
  }
  rodata: { target: number }
  bss: { hits: bigint[]; cookie: bigint }
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  opened.rodata.target = process.pid
  return opened.load()
}

const hasTracefs = existsSync('/sys/kernel/tracing/events')

describeInKernel('programs', () => {
  test('attach to raw tracepoints by name', async () => {
    const { progs, bss } = await load()
    const link = progs.raw.attachRawTracepoint('sys_enter')
    process.getegid?.()
    expect(bss.hits[0]).toBeGreaterThan(0n)
    expect(link.info.programId).toBeGreaterThan(0)
    link.destroy()
    const { hits } = bss
    const after = hits[0]
    process.getegid?.()
    expect(hits[0]).toBe(after)
    expect(() => progs.raw.attachRawTracepoint('no_such_point')).toThrow(
      expect.objectContaining({
        code: 'ENOENT',
        message: expect.stringContaining(' to raw tracepoint no_such_point: '),
      }),
    )
  })

  test('attach with a cookie', async () => {
    const { progs, bss } = await load()
    progs.btf.attachTrace({ cookie: 0x1234_5678_9abc_def0n })
    process.getegid?.()
    expect(bss.cookie).toBe(0x1234_5678_9abc_def0n)
    expect(() => progs.btf.attachTrace({ cookies: 1 } as object)).toThrow(/no option "cookies"/)
    expect(() => progs.btf.attachTrace({ cookie: -1 })).toThrow(RangeError)
  })

  test.skipIf(!hasTracefs)('attach to tracepoints (tracefs is mounted)', async () => {
    const { progs, bss } = await load()
    progs.point.attachTracepoint('raw_syscalls', 'sys_enter')
    expect(bss.hits[2]).toBeGreaterThan(0n)
  })

  test('attach to a function of a library in this process', async () => {
    const { progs, bss } = await load()
    const link = progs.probe.attachUprobe('libc.so.6', {
      symbol: 'getppid',
      pid: 'self',
      cookie: 7,
    })
    expect([process.ppid > 0, bss.hits[3], bss.cookie]).toEqual([true, 1n, 7n])
    link.destroy()
    void process.ppid
    expect(bss.hits[3]).toBe(1n)
    expect(() => progs.probe.attachUprobe('libc.so.6', { symbol: 'no_such_symbol' })).toThrow(
      /attach program \w+ of \w+ to no_such_symbol of libc\.so\.6/,
    )
  })

  test('attach to perf events of every CPU, as one link', async () => {
    const { progs, bss } = await load()
    const link = progs.sample.attachPerfEvent({ type: 'software', config: 0, frequency: 999 })
    const end = performance.now() + 5000
    while (bss.hits[4] === 0n && performance.now() < end);
    expect(bss.hits[4]).toBeGreaterThan(0n)
    link.destroy()
    const after = bss.hits[4]
    const later = performance.now() + 50
    while (performance.now() < later);
    expect(bss.hits[4]).toBe(after)
    expect(() => progs.sample.attachPerfEvent({ type: 'soft' as 'software' })).toThrow(TypeError)
  })

  test('attach to perf events by their names', async () => {
    const { progs, bss } = await load()
    progs.sample.attachPerfEvent({ config: 'page-faults', period: 1, pid: 'self' })
    const before = bss.hits[4] ?? 0n
    Buffer.alloc(1 << 24, 1)
    expect(bss.hits[4]).toBeGreaterThan(before)
    const attach = (options: PerfEventOptions) => () => progs.sample.attachPerfEvent(options)
    expect(attach({ config: 'cpu' as 'cpu-clock' })).toThrow(/cpu-clock, task-clock/)
    expect(attach({ type: 'hardware', config: 'cpu-clock' })).toThrow(/of type software/)
    expect(attach({ frequency: 99 })).toThrow(/needs a type/)
  })

  test('run on a packet of ours', async () => {
    const { progs } = await load()
    const packet = new Uint8Array(64).fill(9)
    const { retval, data, duration } = progs.drop.testRun({ data: packet, repeat: 100 })
    expect([retval, data, duration >= 0]).toEqual([2, packet, true])
    expect(() => progs.drop.testRun({ data: new Uint8Array(1) })).toThrow(
      expect.objectContaining({ code: 'EINVAL', operation: 'test' }),
    )
  })

  test('a cookie or a process of the wrong type is refused', async () => {
    const { progs } = await load()
    expect(() => progs.probe.attachUprobe('libc.so.6', { pid: 1.5, symbol: 'getpid' })).toThrow(
      RangeError,
    )
    expect(() => progs.btf.attachTrace({ cookie: '1' as never })).toThrow(TypeError)
  })
})

describeInKernel('a perf event array', () => {
  test('gives records of every CPU, of the type it declares, and counts lost ones', async () => {
    const { maps, progs, bss } = await load()
    const seen: { n: number; name: string }[] = []
    const lost: number[] = []
    const subscription = maps.samples.on((record) => seen.push(record), {
      pages: 1,
      lost: ({ count }) => lost.push(count),
    })
    const link = progs.output.attach()
    await sleep(5)
    const quiet = seen.length
    expect(quiet).toBeGreaterThan(0)
    // CPUs are read one after the other.
    expect(seen).toContainEqual({ n: 0, name: 'sampled' })
    // Within one turn nobody reads: the rings of one page run over.
    for (let n = 0; n < 2000; n++) process.getegid?.()
    link.destroy()
    await expect.poll(() => seen.length).toBeGreaterThan(quiet)
    await sleep(20)
    subscription.stop()
    // Losses are reported with the next record that fits.
    const total = lost.reduce((sum, count) => sum + count, 0)
    expect(total).toBe(maps.samples.lost.reduce((sum, count) => sum + count, 0))
    expect(BigInt(seen.length + total)).toBeLessThanOrEqual(bss.hits[0] ?? 0n)
    expect(new Set(seen.map(({ n }) => n)).size).toBe(seen.length)
  })

  test('consume and for await read it', async () => {
    const { maps, progs } = await load()
    expect(maps.samples.consume(() => {})).toBe(0)
    const link = progs.output.attach()
    process.getegid?.()
    link.destroy()
    let names = ''
    expect(maps.samples.consume(({ name }) => (names += name))).toBeGreaterThan(0)
    expect(names).toMatch(/^(sampled)+$/)
    const again = progs.output.attach()
    for await (const { name } of maps.samples) {
      expect(name).toBe('sampled')
      again.destroy()
      break
    }
    expect(() => maps.samples.on(() => {}, { pages: 3 })).toThrow(/64 pages|power of two/)
  })
})
