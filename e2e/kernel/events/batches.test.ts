/** Arrays of records: `batches()`. */
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import { events as streamOf } from '../../../src/runtime/index.ts'
import type {
  PerfEventArray,
  RawTracepointProgram,
  RingBuffer,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct numbered { __u32 n; };
struct exact { __u64 n __attribute__((btf_decl_tag("js:number"))); };
struct exact unused;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); __type(value, struct numbered); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(value, struct numbered); } perf SEC(".maps");
__u32 n, count, refused;
__u64 large;

static long one(__u32 index, void *ctx)
{
	__u64 number = large ? large : n++;

	if (bpf_ringbuf_output(&ring, &number, large ? 8 : 4, 0))
		refused++;
	return 0;
}

SEC("raw_tp/sys_enter")
int emit(void *ctx)
{
	bpf_loop(count, one, 0, 0);
	return 0;
}

SEC("raw_tp/sys_enter")
int emit_perf(void *ctx)
{
	__u32 number = n++;

	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &number, sizeof(number));
	return 0;
}
`

interface Numbered {
  n: number
}
interface Test extends SkeletonInstance {
  maps: { ring: RingBuffer<Numbered>; perf: PerfEventArray<Numbered> }
  progs: Record<'emit' | 'emit_perf', RawTracepointProgram>
  bss: { n: number; count: number; refused: number; large: bigint }
}

const { default: skel, types } = await build<Test>(source, 'batches')

function load() {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const { maps, progs, bss } = loaded
  return {
    loaded,
    bss,
    ring: maps.ring,
    perf: maps.perf,
    emit(count: number): void {
      bss.count = count
      progs.emit.testRun()
    },
    emitPerf: () => progs.emit_perf.testRun(),
  }
}

const numbers = (records: readonly Numbered[] | undefined): number[] =>
  (records ?? []).map(({ n }) => n)

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

describeInKernel('batches()', () => {
  test('gives all records that wait, at most max, in order', async () => {
    const { ring, emit } = load()
    emit(10)
    const seen: number[][] = []
    for await (const batch of ring.batches({ max: 4 })) {
      seen.push(numbers(batch))
      if (seen.length === 3) setImmediate(() => emit(2))
      if (seen.length === 4) break
    }
    expect(seen).toEqual([range(0, 4), range(4, 8), range(8, 10), range(10, 12)])
  })

  test('break leaves the records in the ring that no array has', async () => {
    const { ring, emit } = load()
    emit(10)
    for await (const batch of ring.batches({ max: 3 })) {
      expect(numbers(batch)).toEqual([0, 1, 2])
      break
    }
    const rest: number[] = []
    ring.consume(({ n }) => rest.push(n))
    expect(rest).toEqual(range(3, 10))
  })

  test('waits for a full array for `within` milliseconds, and no longer', async () => {
    const { ring, emit } = load()
    const full = ring.batches({ max: 4, within: 1_000_000 })[Symbol.asyncIterator]()
    const waiting = full.next()
    let isThere = false
    void waiting.then(() => (isThere = true))
    for (const count of [1, 2]) {
      emit(count)
      await sleep(20)
      expect(isThere).toBe(false)
    }
    emit(3)
    expect(numbers((await waiting).value)).toEqual(range(0, 4))
    await full.return?.()
    const short = ring.batches({ max: 4, within: 20 })[Symbol.asyncIterator]()
    expect(numbers((await short.next()).value)).toEqual([4, 5])
    await short.return?.()
  })

  test('the signal and destroy() end it, after the records that were collected', async () => {
    const { loaded, ring, emit } = load()
    for (const end of [(aborting: AbortController) => aborting.abort(), () => loaded.destroy()]) {
      const first = loaded.bss.n
      const aborting = new AbortController()
      const { signal } = aborting
      const batches = ring.batches({ max: 4, within: 1_000_000, signal })
      const iterator = batches[Symbol.asyncIterator]()
      const waits = [iterator.next(), iterator.next(), iterator.next()]
      emit(2)
      await sleep(20)
      end(aborting)
      const [collected, ...others] = await Promise.all(waits)
      expect(numbers(collected?.value)).toEqual(range(first, first + 2))
      for (const other of [...others, await iterator.next()]) {
        expect(other).toEqual({ done: true, value: undefined })
      }
    }
  })

  test('a record that cannot be decoded ends it, after the records before', async () => {
    const { ring, bss, emit } = load()
    const exact = ring.as(types['exact'] as never) as RingBuffer<unknown>
    for (const large of [5n, 6n, 2n ** 60n, 7n]) {
      bss.large = large
      emit(1)
    }
    const iterator = exact.batches()[Symbol.asyncIterator]()
    expect(await iterator.next()).toEqual({ done: false, value: [{ n: 5 }, { n: 6 }] })
    await expect(iterator.next()).rejects.toThrow(RangeError)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    for await (const batch of exact.batches()) {
      expect(batch).toEqual([{ n: 7 }])
      break
    }
  })

  test('lets timers run while records never run out', async () => {
    const { ring, bss, emit } = load()
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    emit(1000)
    let received = 0
    for await (const batch of ring.batches({ max: 10 })) {
      received += batch.length
      if (ticks === 3 || received > 1_000_000) break
      if (received === bss.n) emit(1000)
    }
    clearInterval(timer)
    expect([ticks, bss.refused]).toEqual([3, 0])
  })

  test('reads several maps, and perf event arrays', async () => {
    const { ring, perf, emit, emitPerf } = load()
    const batches = streamOf({ ring, perf }).batches({ max: 8, within: 1_000_000 })
    const iterator = batches[Symbol.asyncIterator]()
    const waiting = iterator.next()
    emit(5)
    for (const _ of range(0, 3)) emitPerf()
    const { value = [] } = await waiting
    expect((value as [string, Numbered][]).map(([name]) => name).toSorted()).toEqual([
      ...Array<string>(3).fill('perf'),
      ...Array<string>(5).fill('ring'),
    ])
    await iterator.return?.()
    emitPerf()
    for await (const batch of perf.batches({ pages: 64, max: 2 })) {
      expect(batch).toHaveLength(1)
      break
    }
  })

  test('wrong options are refused before anything is subscribed', () => {
    const { ring, perf } = load()
    for (const options of [{ max: 0 }, { max: 1.5 }, { within: -1 }, { within: Number.NaN }]) {
      expect(() => ring.batches(options)).toThrow(RangeError)
      expect(() => streamOf([ring]).batches(options)).toThrow(RangeError)
    }
    expect(() => ring.batches({ size: 1 } as object)).toThrow(/no option "size"/)
    expect(() => perf.batches({ signal: 1 } as object)).toThrow(/AbortSignal/)
  })
})
