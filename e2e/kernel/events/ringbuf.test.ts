import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { events as streamOf } from '../../../src/runtime/index.ts'
import type {
  SyscallProgram,
  RingBuffer,
  SkeletonInstance,
  Subscription,
  View,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 n; __u32 half; char name[12]; };
struct tail { __u32 length; __u8 bytes[64]; };
struct { __u32 from, count, bytes; } args;
__u64 refused;

struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct event);
} typed SEC(".maps");
struct tail unused_tail;
struct exact { __u64 n __attribute__((btf_decl_tag("js:number"))); };
struct exact unused_exact;

static long one(__u32 index, void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		if (index % 5 != 3)
			__sync_fetch_and_add(&refused, 1);
		return 0;
	}
	e->n = args.from + index;
	e->half = e->n / 2;
	__builtin_memcpy(e->name, "event", 6);
	if (index % 5 == 3)
		bpf_ringbuf_discard(e, 0);
	else
		bpf_ringbuf_submit(e, 0);
	return 0;
}

SEC("syscall")
int emit(void *ctx)
{
	bpf_loop(args.count, one, 0, 0);
	return 0;
}

SEC("syscall")
int emit_bytes(void *ctx)
{
	struct tail t = { .length = args.bytes, .bytes = { 1, 2, 3, 4, 5, 6, 7, 8, 9 } };

	bpf_ringbuf_output(&events, &t, args.bytes & 63, 0);
	return 0;
}

SEC("syscall")
int emit_typed(void *ctx)
{
	struct event e = { .n = 1, .name = "typed" };

	bpf_ringbuf_output(&typed, &e, sizeof(e), 0);
	return 0;
}
`

interface Event {
  n: bigint
  half: number
  name: string
}
interface Test extends SkeletonInstance {
  maps: { events: RingBuffer<Uint8Array>; typed: RingBuffer<Event> }
  progs: Record<'emit' | 'emit_bytes' | 'emit_typed', SyscallProgram>
  bss: { args: { from: number; count: number; bytes: number }; refused: bigint }
}

async function load() {
  const { default: skel, types } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const { event, tail, exact } = types
  if (!event || !tail || !exact) throw new Error('the types are not exported')
  return {
    skel: loaded,
    events: loaded.maps.events.as(event) as RingBuffer<unknown> as RingBuffer<Event>,
    exact: loaded.maps.events.as(exact) as RingBuffer<unknown> as RingBuffer<{ n: number }>,
    tails: loaded.maps.events.as(tail) as RingBuffer<unknown> as RingBuffer<{
      length: number
      bytes: Uint8Array
    }>,
    /** Emits records numbered from `from`; the program discards every fifth. */
    emit(from: number, count: number): void {
      Object.assign(loaded.bss.args, { from, count })
      loaded.progs.emit.testRun()
    },
  }
}

/** The warnings from now on. */
function warnings(): string[] {
  const warned: string[] = []
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation((text) => {
    warned.push(String(text))
  })
  onTestFinished(() => warn.mockRestore())
  return warned
}

/** The numbers that `emit` submits. */
function numbers(from: number, count: number): bigint[] {
  return Array.from({ length: count }, (_, index) => index)
    .filter((index) => index % 5 !== 3)
    .map((index) => BigInt(from + index))
}

describeInKernel('a ring buffer', () => {
  test('gives a loop every record that was submitted, in order', async () => {
    const { events, emit } = await load()
    emit(0, 10)
    setImmediate(() => emit(10, 10))
    const seen: Event[] = []
    for await (const event of events) {
      seen.push(event)
      if (event.n === 19n) break
    }
    expect(seen.map(({ n }) => n)).toEqual([...numbers(0, 10), ...numbers(10, 10)])
    expect(seen[9]).toEqual({ n: 11n, half: 5, name: 'event' })
  })

  test('break leaves the rest to the next loop', async () => {
    const { events, emit } = await load()
    emit(0, 10)
    for await (const event of events) if (event.n === 2n) break
    const rest: bigint[] = []
    for await (const event of events) if (rest.push(event.n) === 5) break
    expect(rest).toEqual([4n, 5n, 6n, 7n, 9n])
    expect(events.consume(() => {})).toBe(0)
  })

  test('wakes each time it has become empty', async () => {
    const { events, emit } = await load()
    const seen: bigint[] = []
    const subscription = events.on(({ n }) => seen.push(n))
    for (let round = 0; round < 50; round++) {
      emit(round, 1)
      await sleep(round % 3)
    }
    await sleep(5)
    subscription.stop()
    expect(seen).toHaveLength(50)
  })

  test('delivers more records than fit at once', async () => {
    const { skel, events, emit } = await load()
    let received = 0
    let disordered = 0
    let last = -1n
    const subscription = events.on(({ n }) => {
      if (n <= last) disordered++
      last = n
      received++
    })
    let emitted = 0
    for (let round = 0; round < 200; round++) {
      emit(emitted, 1000)
      emitted += 1000
      await sleep(0)
    }
    await sleep(20)
    subscription.stop()
    expect(disordered).toBe(0)
    expect(BigInt(received) + skel.bss.refused).toBe(BigInt(emitted - emitted / 5))
  })

  test('every subscriber sees every record, at its own pace', async () => {
    const { events, emit } = await load()
    const received: bigint[] = []
    const slow: bigint[] = []
    const subscription = events.on(({ n }) => received.push(n))
    const loop = (async () => {
      for await (const { n } of events) {
        if (slow.length < 8) await sleep(5)
        if (slow.push(n) === 24) break
      }
    })()
    emit(0, 10)
    await sleep(10)
    emit(10, 10)
    await sleep(30)
    // The slow loop holds the consumer position back, so the kernel wakes nobody: the listener must look by itself.
    expect(received).toHaveLength(16)
    emit(20, 10)
    await loop
    subscription.stop()
    expect(received).toEqual(slow)
  })

  test('consume visits the records that wait through one view, which can be read during the call', async () => {
    const { events, emit } = await load()
    emit(0, 10)
    const seen: bigint[] = []
    const views = new Set<View<Event>>()
    const count = events.consume((view) => {
      views.add(view)
      seen.push(view.n)
      expect(() => (view.half = 1)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    })
    expect([count, views.size]).toEqual([8, 1])
    expect(seen).toEqual(numbers(0, 10))
    const [view] = views
    expect(() => view?.n).toThrow(/snapshot/)
    expect(events.consume(() => {})).toBe(0)
  })

  test('a record whose visitor throws counts as read; the others stay', async () => {
    const { events, emit } = await load()
    emit(0, 5)
    expect(() =>
      events.consume(({ n }) => {
        if (n === 1n) throw new Error('no ones')
      }),
    ).toThrow('no ones')
    const rest: bigint[] = []
    events.consume(({ n }) => {
      rest.push(n)
      expect(() => events.consume(() => {})).toThrow(/is already running/)
    })
    expect(rest).toEqual([2n, 4n])
  })

  test('an error of a listener is uncaught, and the listener stays', async () => {
    const { events, emit } = await load()
    const uncaught: unknown[] = []
    const catching = (error: unknown): void => void uncaught.push(error)
    const others = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException').on('uncaughtException', catching)
    try {
      const seen: bigint[] = []
      const subscription = events.on(({ n }) => {
        seen.push(n)
        if (n === 1n) throw new Error('no ones')
      })
      emit(0, 5)
      await sleep(20)
      subscription.stop()
      expect(seen).toEqual([0n, 1n, 2n, 4n])
      expect(uncaught).toEqual([new Error('no ones')])
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    }
  })

  test('an aborted signal ends loops and listeners, and leaves the rest', async () => {
    const { events, emit } = await load()
    const aborting = new AbortController()
    const received: bigint[] = []
    events.on(({ n }) => received.push(n), { signal: aborting.signal })
    const ended = (async () => {
      for await (const _ of events.records({ signal: aborting.signal }));
      return 'done'
    })()
    await sleep(1)
    aborting.abort()
    expect(await ended).toBe('done')
    emit(0, 5)
    await sleep(5)
    expect(received).toEqual([])
    for await (const _ of events.records({ signal: AbortSignal.abort() })) expect.unreachable()
    expect(events.consume(() => {})).toBe(4)
    expect(() => events.on(() => {}, { sigal: 1 } as object)).toThrow(/no option "sigal"/)
  })

  test('wrong listeners, signals and codecs are refused, and nothing is subscribed', async () => {
    const { skel, events, emit } = await load()
    const wrong = { signal: {} } as object
    const nothing = undefined as never
    expect(() => events.on(() => {}, wrong)).toThrow(/signal must be an AbortSignal/)
    expect(() => events.records(wrong)).toThrow(/signal must be an AbortSignal/)
    expect(() => streamOf([events]).on(() => {}, wrong)).toThrow(/signal must be an AbortSignal/)
    expect(() => events.on(nothing)).toThrow(/on\(\) takes a function/)
    emit(0, 1)
    expect(() => events.consume(nothing)).toThrow(/consume\(\) takes a function/)
    for (const codec of [undefined, null, {}, 'event']) {
      expect(() => skel.maps.events.as(codec as never)).toThrow(/as\(\) takes a codec/)
    }
    expect(() => streamOf(events as never)).toThrow(/an array of them, or an object by name/)
    expect(events.consume(() => {})).toBe(1)
  })

  test('destroy ends loops, also from inside one', async () => {
    const { skel, events, emit } = await load()
    const waiting = (async () => {
      for await (const _ of skel.maps.typed);
      return 'done'
    })()
    emit(0, 10)
    let seen = 0
    for await (const _ of events) {
      seen++
      skel.destroy()
    }
    expect([seen, await waiting]).toEqual([1, 'done'])
    expect(() => events[Symbol.asyncIterator]()).toThrow(
      expect.objectContaining({ code: 'ERR_BPF_STATE' }),
    )
  })

  test('destroy inside a visitor and a listener ends them', async () => {
    const first = await load()
    first.emit(0, 10)
    expect(first.events.consume(() => first.skel.destroy())).toBe(1)
    const second = await load()
    second.emit(0, 10)
    let received = 0
    second.events.on(() => {
      received++
      second.skel.destroy()
    })
    await expect.poll(() => received).toBe(1)
    await sleep(5)
    expect(received).toBe(1)
  })

  test('a loop that never lacks a record lets timers run', async () => {
    const { events, emit } = await load()
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    emit(0, 1000)
    for await (const { n } of events) {
      if (ticks === 3 || n > 1_000_000n) break
      if (n % 1000n === 999n) emit(Number(n) + 1, 1000)
    }
    clearInterval(timer)
    expect(ticks).toBe(3)
  })

  test('records shorter than their type get a shorter last array, or are malformed', async () => {
    const { skel, tails } = await load()
    const warned = warnings()
    for (const bytes of [3, 4, 9, 63]) {
      skel.bss.args.bytes = bytes
      skel.progs.emit_bytes.testRun()
    }
    const seen: number[] = []
    for await (const { length, bytes } of tails) {
      expect(bytes).toHaveLength(length - 4)
      if (seen.push(length) === 3) break
    }
    expect([seen, tails.malformed, skel.maps.events.malformed]).toEqual([[4, 9, 63], 1, 0])
    expect(warned).toEqual([
      expect.stringMatching(
        /^map events of test_bpf: a record of 3 bytes was skipped, because its type tail has at least 4 bytes\. .*`malformed`/,
      ),
    ])
  })

  test('a warning about records too short for their type comes once a subscription', async () => {
    const { skel, events } = await load()
    const warned = warnings()
    skel.bss.args.bytes = 11
    const skipped = async (how: () => Promise<void> | void): Promise<void> => {
      for (let count = 0; count < 3; count++) skel.progs.emit_bytes.testRun()
      const before = events.malformed
      await how()
      await expect.poll(() => events.malformed - before).toBe(3)
    }
    await skipped(() => expect(events.consume(() => expect.unreachable())).toBe(3) as void)
    await skipped(() => expect(events.consume(() => expect.unreachable())).toBe(3) as void)
    expect(warned).toHaveLength(1)
    for (const _ of [1, 2]) {
      let subscription: Subscription | undefined
      await skipped(() => {
        subscription = events.on(() => expect.unreachable())
      })
      subscription?.stop()
    }
    expect(warned).toHaveLength(3)
    const iterator = streamOf([events])[Symbol.asyncIterator]()
    await skipped(() => void iterator.next())
    await iterator.return?.()
    expect(new Set(warned)).toEqual(
      new Set([
        expect.stringMatching(
          /^map events of test_bpf: a record of 11 bytes was skipped, because its type event has at least 12/,
        ),
      ]),
    )
    expect(warned).toHaveLength(4)
  })

  test('a record that cannot be decoded ends the loop, which then holds nothing back', async () => {
    const { skel, events, exact, emit } = await load()
    skel.bss.args.bytes = 12
    skel.progs.emit_bytes.testRun()
    emit(0, 1)
    await expect(async () => {
      for await (const _ of exact) expect.unreachable()
    }).rejects.toThrow(RangeError)
    for await (const { n } of exact) {
      expect(n).toBe(0)
      break
    }
    for (let round = 0; round < 4; round++) {
      emit(0, 1000)
      expect(events.consume(() => {})).toBe(800)
    }
    expect(skel.bss.refused).toBe(0n)
  })

  test('untyped records are bytes; longer than a type they are cut', async () => {
    const { skel, events } = await load()
    skel.bss.args.bytes = 9
    skel.progs.emit_bytes.testRun()
    for await (const record of skel.maps.events) {
      expect(record).toEqual(Uint8Array.of(9, 0, 0, 0, 1, 2, 3, 4, 5))
      break
    }
    skel.bss.args.bytes = 40
    skel.progs.emit_bytes.testRun()
    for await (const record of events) {
      expect(record.half).toBe(0x0807_0605)
      break
    }
  })

  test('__type(value, …) is the type of its records', async () => {
    const { skel } = await load()
    skel.progs.emit_typed.testRun()
    for await (const event of skel.maps.typed) {
      expect(event).toEqual({ n: 1n, half: 0, name: 'typed' })
      break
    }
  })

  test('a warning that another process reads the ring comes once', async () => {
    const { events, emit } = await load()
    const warned = warnings()
    // A second copy of the library reads the ring as another process would.
    vi.resetModules()
    const { BpfMap } = await import('../../../src/runtime/index.ts')
    using other = BpfMap.fromId(events.id, 'ringbuf')
    for (let round = 0; round < 3; round++) {
      emit(0, 5)
      events.consume(() => {})
    }
    expect(warned).toEqual([])
    for (let round = 0; round < 3; round++) {
      emit(0, 5)
      other.consume(() => {})
      emit(0, 5)
      events.consume(() => {})
    }
    expect(warned).toEqual([
      expect.stringMatching(/map events of test_bpf is also read by another process/),
      expect.stringMatching(/is also read by another process/),
    ])
  })

  test('cannot be read before load', async () => {
    const { default: skel } = await build<Test>(source)
    const opened = skel.open()
    onTestFinished(() => opened.destroy())
    opened.maps.events.maxEntries = 1 << 12
    expect(() => opened.maps.events.on(() => {})).toThrow(/call load\(\) first/)
    expect(opened.load().maps.events.info.maxEntries).toBe(1 << 12)
  })
})
