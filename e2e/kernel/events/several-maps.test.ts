import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, expectTypeOf, onTestFinished, test } from 'vitest'

import { events } from '../../../src/runtime/index.ts'
import type {
  PerfEventArray,
  SyscallProgram,
  RingBuffer,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct exec { __u32 pid; char comm[12]; };
struct exit { __u32 code; };
struct exit unused_exit;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); __type(value, struct exec); } execs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } exits SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
__u32 target;
__u64 produced, refused;
struct { __u32 execs, exits; } emits;

SEC("syscall")
int emit(void *ctx)
{
	for (int i = 0; i < 100 && i < emits.execs; i++) {
		struct exec e = { .pid = i, .comm = "exec" };

		bpf_ringbuf_output(&execs, &e, sizeof(e), 0);
	}
	for (int i = 0; i < 100 && i < emits.exits; i++)
		bpf_ringbuf_output(&exits, &i, sizeof(i), 0);
	return 0;
}

/* As many as a process makes system calls. */
SEC("raw_tp/sys_enter")
int flood(void *ctx)
{
	struct exec *e;

	if (bpf_get_current_pid_tgid() >> 32 != target)
		return 0;
	__sync_fetch_and_add(&produced, 1);
	e = bpf_ringbuf_reserve(&execs, sizeof(*e), 0);
	if (!e) {
		__sync_fetch_and_add(&refused, 1);
		return 0;
	}
	e->pid = target;
	bpf_ringbuf_submit(e, 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int sampled(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 == target)
		bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &target, sizeof(target));
	return 0;
}
`

interface Exec {
  pid: number
  comm: string
}
interface Exit {
  code: number
}
interface Test extends SkeletonInstance {
  maps: { execs: RingBuffer<Exec>; exits: RingBuffer<Uint8Array>; perf: PerfEventArray<Uint8Array> }
  progs: { emit: SyscallProgram; flood: SyscallProgram; sampled: SyscallProgram }
  bss: {
    target: number
    produced: bigint
    refused: bigint
    emits: { execs: number; exits: number }
  }
}

const { default: skel, types } = await build<Test>(source)

function load() {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const { exit } = types
  if (!exit) throw new Error('types.exit is not exported')
  const { execs } = loaded.maps
  const exits = loaded.maps.exits.as(exit) as RingBuffer<unknown> as RingBuffer<Exit>
  return {
    loaded,
    execs,
    exits,
    emit(execs: number, exits = 0): void {
      loaded.bss.emits = { execs, exits }
      loaded.progs.emit.testRun()
    },
  }
}

describeInKernel('events() of several maps', () => {
  test('is one stream: each map in order, the maps in turn', async () => {
    const { execs, exits, emit } = load()
    emit(3, 2)
    setImmediate(() => emit(0, 1))
    const seen: (Exec | Exit)[] = []
    for await (const record of events([execs, exits])) if (seen.push(record) === 6) break
    expect(seen.flatMap((record) => ('pid' in record ? record.pid : []))).toEqual([0, 1, 2])
    expect(seen.flatMap((record) => ('code' in record ? record.code : []))).toEqual([0, 1, 0])
    expect(seen.slice(0, 4).map((record) => 'pid' in record)).toEqual(
      seen[0] && 'pid' in seen[0] ? [true, false, true, false] : [false, true, false, true],
    )
  })

  test('gives the name with each record of maps by name', async () => {
    const { execs, exits, emit } = load()
    const stream = events({ exec: execs, exit: exits })
    type Named = ['exec', Exec] | ['exit', Exit]
    expectTypeOf(stream).toExtend<AsyncIterable<Named>>()
    const received: Named[] = []
    const subscription = stream.on((record) => received.push(record))
    emit(1, 1)
    let left = 2
    for await (const [name, record] of stream) {
      if (name === 'exec') expect(record.comm).toBe('exec')
      else expect(record.code).toBe(0)
      if (--left === 0) break
    }
    await expect.poll(() => received.length).toBe(2)
    subscription[Symbol.dispose]()
    emit(1, 0)
    await sleep(50)
    expect(received.toSorted()).toEqual([
      ['exec', { pid: 0, comm: 'exec' }],
      ['exit', { code: 0 }],
    ])
  })

  test('leaves unread records, and ends with the signal', async () => {
    const { execs, exits, emit } = load()
    const aborting = new AbortController()
    const stream = events([execs, exits])
    emit(2, 2)
    for await (const _ of stream) break
    const ended = (async () => {
      let seen = 0
      for await (const _ of stream.records({ signal: aborting.signal })) seen++
      return seen
    })()
    await sleep(5)
    aborting.abort()
    expect(await ended).toBe(3)
    emit(1, 1)
    expect([execs.consume(() => {}), exits.consume(() => {})]).toEqual([1, 1])
    expect(() => stream.on(() => {}, { lost: 1 } as object)).toThrow(/no option "lost"/)
  })

  test('goes on with the second skeleton when the first is destroyed', async () => {
    const [first, second] = [load(), load()]
    const seen: number[] = []
    const ended = (async () => {
      for await (const { pid } of events([first.execs, second.execs])) seen.push(pid)
      return 'done'
    })()
    first.emit(1)
    await expect.poll(() => seen).toEqual([0])
    first.loaded.destroy()
    second.emit(2)
    await expect.poll(() => seen).toEqual([0, 0, 1])
    second.loaded.destroy()
    expect(await ended).toBe('done')
  })

  test('takes at least one map, and loaded maps alone', () => {
    const { execs } = load()
    expect(() => events([])).toThrow(TypeError)
    expect(() => events([execs, {} as RingBuffer<Exec>])).toThrow(/ring buffers/)
    expect(() => events(null as unknown as [])).toThrow(TypeError)
    const opened = skel.open()
    onTestFinished(() => opened.destroy())
    expect(() => events([execs, opened.maps.execs]).on(() => {})).toThrow(/call load\(\) first/)
  })
})

describeInKernel('a record map', () => {
  test('can be read as a Node stream and a web stream, and is unsubscribed when they end', async () => {
    const { execs, emit } = load()
    emit(5)
    const pids: number[] = []
    for await (const { pid } of Readable.from(execs).take(3) as Readable & AsyncIterable<Exec>) {
      pids.push(pid)
    }
    expect(pids).toEqual([0, 1, 2])
    emit(1)
    const web = ReadableStream.from(execs as AsyncIterable<Exec>).getReader()
    expect((await web.read()).value).toMatchObject({ comm: 'exec' })
    await web.cancel()
    emit(3)
    expect(execs.consume(() => {})).toBeGreaterThanOrEqual(3)
  })

  test('loses nothing under overload, and lets timers run', async () => {
    const { loaded, execs } = load()
    // The sender is stopped until its pid is known.
    const flood = spawn('sh', [
      '-c',
      'read go; exec dd if=/dev/zero of=/dev/null bs=1 count=100000',
    ])
    onTestFinished(() => void flood.kill())
    loaded.bss.target = flood.pid ?? 0
    loaded.attach()
    let [received, looped, sampled, ticks] = [0, 0, 0, 0]
    const timer = setInterval(() => ticks++, 1)
    const loop = (async () => {
      for await (const { pid } of execs) if (pid === loaded.bss.target) looped++
    })()
    execs.on(() => received++)
    loaded.maps.perf.on(() => sampled++, { pages: 8 })
    const started = performance.now()
    flood.stdin.end('go\n')
    await once(flood, 'exit')
    const ran = performance.now() - started
    await expect
      .poll(() => BigInt(received) + loaded.bss.refused, { timeout: 5000 })
      .toBe(loaded.bss.produced)
    await expect.poll(() => looped).toBe(received)
    clearInterval(timer)
    expect(loaded.bss.produced).toBeGreaterThan(200_000n)
    // A turn of the event loop takes at most a slice for each of the three, plus what other processes take.
    expect(ticks).toBeGreaterThan(ran / 100)
    loaded.detach()
    const lost = loaded.maps.perf.lost.reduce((sum, count) => sum + count, 0)
    await sleep(20)
    expect(sampled + lost).toBeLessThanOrEqual(Number(loaded.bss.produced))
    expect(sampled).toBeGreaterThan(0)
    loaded.destroy()
    await loop
  })
})
