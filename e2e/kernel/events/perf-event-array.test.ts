import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { BPF_PROG_TEST_RUN, bpf } from '../../../src/runtime/ffi/bpf.ts'
import { scratch } from '../../../src/runtime/ffi/memory.ts'
import { onlineCpus } from '../../../src/runtime/host/online-cpus.ts'
import type { PerfEventArray, Program, SkeletonInstance } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct sample { __u32 n; __u32 cpu; char name[11]; };
struct tail { __u32 n; __u32 cpu; __u8 rest[8]; };
struct tail unused_tail;
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __type(key, __u32); __type(value, struct sample); } samples SEC(".maps");
__u32 count, size = sizeof(struct sample);
__u32 next, refused;

SEC("raw_tp")
int emit(void *ctx)
{
	for (int i = 0; i < 1000 && i < count; i++) {
		struct sample s = { .name = "sampled" };

		s.n = next++;
		s.cpu = bpf_get_smp_processor_id();
		if (bpf_perf_event_output(ctx, &samples, BPF_F_CURRENT_CPU, &s, size <= sizeof(s) ? size : 4))
			refused++;
	}
	return 0;
}
`

interface Sample {
  n: number
  cpu: number
  name: string
}
interface Test extends SkeletonInstance {
  maps: { samples: PerfEventArray<Sample> }
  progs: { emit: Program }
  bss: { count: number; next: number; refused: number }
  data: { size: number }
}

const cpus = onlineCpus()
const { default: skel, types } = await build<Test>(source)

function load() {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return {
    loaded,
    samples: loaded.maps.samples,
    /** Sends `count` records on a CPU. */
    emit(count: number, cpu = cpus[0] ?? 0): void {
      loaded.bss.count = count
      // union bpf_attr.test: prog_fd, flags (BPF_F_TEST_RUN_ON_CPU), cpu
      const attr = scratch(80)
      attr.data.setUint32(0, loaded.progs.emit.fd, true)
      attr.data.setUint32(64, 1, true)
      attr.data.setUint32(68, cpu, true)
      expect(bpf(BPF_PROG_TEST_RUN, attr)).toBe(0)
    },
  }
}

describeInKernel('a perf event array', () => {
  test('gives the records of every CPU, in order on each, from the first subscription on', async () => {
    const { loaded, samples, emit } = load()
    emit(1)
    expect([loaded.bss.refused, samples.lost]).toEqual([1, []])
    const received: Sample[] = []
    const subscription = samples.on((sample) => received.push(sample))
    for (const cpu of cpus) emit(10, cpu)
    await expect.poll(() => received.length).toBe(10 * cpus.length)
    subscription.stop()
    for (const cpu of cpus) {
      const numbers = received.filter((sample) => sample.cpu === cpu).map(({ n }) => n)
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
      expect(numbers).toHaveLength(10)
    }
    expect(received[0]?.name).toBe('sampled')
    expect(samples.lost).toEqual(cpus.map(() => 0))
  })

  test('reads records that wrap around the end of a ring', async () => {
    const { samples, emit } = load()
    const seen: number[] = []
    const subscription = samples.on(({ n, name }) => seen.push(name === 'sampled' ? n : -1), {
      pages: 1,
    })
    for (let round = 0; round < 20; round++) {
      emit(50)
      await sleep(1)
    }
    await expect.poll(() => seen.length).toBe(1000)
    subscription.stop()
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => index))
  })

  test('counts the records that found a ring full, by CPU, and loses no others', async () => {
    const { loaded, samples, emit } = load()
    const told = new Map<number, number>()
    let received = 0
    const subscription = samples.on(() => received++, {
      pages: 1,
      lost: ({ cpu, count }) => told.set(cpu, (told.get(cpu) ?? 0) + count),
    })
    // Two readers see the same loss, which counts once.
    const other = samples.on(() => {})
    for (const cpu of cpus) emit(1000, cpu)
    await sleep(20)
    // The kernel writes the number of lost records with the next one that fits.
    for (const cpu of cpus) emit(1, cpu)
    await sleep(20)
    subscription.stop()
    other.stop()
    const lost = samples.lost.reduce((sum, count) => sum + count, 0)
    expect(loaded.bss.next).toBe(1001 * cpus.length)
    expect(received + lost).toBe(loaded.bss.next)
    expect(samples.lost.filter((count) => count > 500)).toHaveLength(cpus.length)
    expect(samples.lost).toEqual(cpus.map((cpu) => told.get(cpu)))
    emit(1)
    expect(received + lost).toBe(loaded.bss.next - 1)
  })

  test('each listener gets a { cpu, count } of its own', async () => {
    const { samples, emit } = load()
    const told: { cpu: number; count: number }[] = []
    const greedy = samples.on(() => {}, {
      pages: 1,
      lost: (lost) => Object.assign(lost, { cpu: -1, count: 0 }),
    })
    const other = samples.on(() => {}, { lost: (...lost) => told.push(...lost) })
    emit(1000)
    await sleep(20)
    emit(1)
    await expect.poll(() => told.length).toBe(1)
    expect(told).toEqual([{ cpu: cpus[0], count: samples.lost[cpus[0] ?? 0] }])
    greedy.stop()
    other.stop()
  })

  test('a loop reads the CPUs in turn', async () => {
    const { samples, emit } = load()
    const iterator = samples[Symbol.asyncIterator]()
    for (const cpu of cpus) emit(100, cpu)
    const seen = new Set<number>()
    for (let index = 0; index < cpus.length; index++) {
      const { value } = await iterator.next()
      seen.add(value?.cpu ?? -1)
    }
    await iterator.return?.()
    expect([...seen].toSorted((a, b) => a - b)).toEqual(cpus)
  })

  test('the next reader gets what one leaves unread', async () => {
    const { samples, emit } = load()
    expect(samples.consume(() => {})).toBe(0)
    emit(10)
    for await (const { n } of samples) if (n === 3) break
    const seen: number[] = []
    expect(samples.consume(({ n }) => seen.push(n))).toBe(6)
    expect(seen).toEqual([4, 5, 6, 7, 8, 9])
  })

  test('records shorter than their type are skipped, and bytes are given whole', async () => {
    const { loaded, samples, emit } = load()
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    samples.consume(() => {})
    const tail = types['tail']
    if (!tail) throw new Error('types.tail is not exported')
    loaded.data.size = 4
    emit(1)
    loaded.data.size = 12
    emit(1)
    const raw: Uint8Array[] = []
    const subscription = samples.raw.on((bytes) => raw.push(bytes))
    const tails = samples.as(tail)
    for await (const { n, rest } of tails) {
      // The size of a perf record's data is 4 bytes more than a multiple of 8.
      expect([n, rest]).toEqual([1, new Uint8Array(4).fill(0).map((_, i) => 'samp'.charCodeAt(i))])
      break
    }
    await sleep(5)
    subscription.stop()
    expect([raw.length, raw[0]?.[0], samples.malformed, tails.malformed]).toEqual([2, 0, 0, 1])
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^map samples of test_bpf: a record of 4 bytes was skipped, because its type tail has at least 8/,
        ),
      ],
    ])
  })

  test('the first subscription decides the size of the rings', () => {
    const { samples } = load()
    for (const pages of [0, 3, 1.5, Number.NaN]) {
      expect(() => samples.on(() => {}, { pages })).toThrow(RangeError)
    }
    samples.on(() => {}, { pages: 2 }).stop()
    samples.on(() => {}, { pages: 2 }).stop()
    expect(() => samples.on(() => {}, { pages: 4 })).toThrow(
      /the first subscription gave its rings 2 pages/,
    )
    expect(() => samples.on(() => {}, { page: 4 } as object)).toThrow(/no option "page"/)
  })
})
