/** Positions in a ring buffer, and what happens when another process changes them. */
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test, vi } from 'vitest'

import { Mapping } from '../../../src/runtime/ffi/mapping.ts'
import type { RingBuffer, SkeletonInstance, SyscallProgram } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct numbered { __u32 n; };
__u32 n, refused, rounds;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); __type(value, struct numbered); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 16 << 20); __type(value, struct numbered); } wide SEC(".maps");

SEC("syscall")
int send(void *ctx)
{
	struct numbered *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		refused++;
		return 0;
	}
	e->n = n++;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

__u8 filling[3000];

/* Whoever takes a part of it for a header reads that it is far longer than the ring. */
SEC("syscall")
int send_large(void *ctx)
{
	if (bpf_ringbuf_output(&events, filling, sizeof(filling), 0))
		refused++;
	return 0;
}

static long skip_one(__u32 index, void *ctx)
{
	void *e = bpf_ringbuf_reserve(&wide, 1 << 20, 0);

	if (e)
		bpf_ringbuf_discard(e, 0);
	else
		refused++;
	return 0;
}

/* rounds MB that are discarded, then a number. */
SEC("syscall")
int send_wide(void *ctx)
{
	struct numbered e = { n++ };

	bpf_loop(rounds, skip_one, 0, 0);
	if (bpf_ringbuf_output(&wide, &e, sizeof(e), 0))
		refused++;
	return 0;
}
`

interface Test extends SkeletonInstance {
  maps: Record<'events' | 'wide', RingBuffer<{ n: number }>>
  progs: Record<'send' | 'send_large' | 'send_wide', SyscallProgram>
  bss: { n: number; refused: number; rounds: number; filling: { fill(value: number): void } }
}

const { default: skel } = await build<Test>(source)

function load() {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const { maps, progs, bss } = loaded
  bss.filling.fill(0x3f)
  return {
    loaded,
    bss,
    events: maps.events,
    wide: maps.wide,
    send(count: number): void {
      for (let left = count; left > 0; left--) progs.send.testRun()
    },
    sendLarge: () => progs.send_large.testRun(),
    sendWide(megabytes: number): void {
      bss.rounds = megabytes
      progs.send_wide.testRun()
    },
    /** Writes the consumer position, as another process that maps the ring may. */
    setConsumer(position: number): void {
      const page = new Mapping(maps.events.fd, 8, true)
      new BigUint64Array(page.buffer)[0] = BigInt(position)
      page.retire()
    },
  }
}

function warnings(): string[] {
  const warned: string[] = []
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation((warning) => {
    warned.push(String(warning))
  })
  onTestFinished(() => warn.mockRestore())
  return warned
}

const past = {
  name: 'BpfError',
  code: 'ERR_BPF_MALFORMED',
  message: expect.stringMatching(
    /^cannot read the next record of map events of test_bpf: its consumer position, 4000, is past its producer position, 48/,
  ),
}

describeInKernel('positions in a ring buffer', () => {
  test('one call of consume() reads the records that waited when it began', () => {
    const { events, send } = load()
    send(3)
    const seen: number[] = []
    const take = (): number =>
      events.consume(({ n }) => {
        seen.push(n)
        send(1)
      })
    expect([take(), take()]).toEqual([3, 3])
    expect(seen).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('are exact past 2^31 and 2^32 bytes', async () => {
    const { bss, wide, sendWide } = load()
    const seen: number[] = []
    for (let megabytes = 0; megabytes < 4200; megabytes += 13) {
      sendWide(13)
      // Both kinds of reader in turn.
      if (seen.length % 2 === 0) wide.consume(({ n }) => seen.push(n))
      else {
        for await (const { n } of wide) {
          seen.push(n)
          break
        }
      }
    }
    expect(bss.refused).toBe(0)
    expect(seen).toEqual(Array.from({ length: 324 }, (_, n) => n))
  })

  test('a consumer position past the producer position fails consume(), and the next call reads on', () => {
    const { bss, events, send, setConsumer } = load()
    warnings()
    expect(events.consume(() => {})).toBe(0)
    send(3)
    setConsumer(4000)
    send(1)
    expect(bss.refused).toBe(1)
    expect(() => events.consume(() => {})).toThrow(expect.objectContaining(past))
    // The kernel takes records again.
    send(2)
    expect(bss.refused).toBe(1)
    const seen: number[] = []
    events.consume(({ n }) => seen.push(n))
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  test('a consumer position past the producer position before the first read fails too', async () => {
    const { events, send, setConsumer } = load()
    warnings()
    send(3)
    setConsumer(4000)
    expect(() => events.on(() => {})).toThrow(expect.objectContaining(past))
    send(1)
    for await (const { n } of events) {
      expect(n).toBe(3)
      break
    }
  })

  test.each(['for await', 'on', 'consume'] as const)(
    'records that another reader released, and the program overwrote, end %s',
    async (how) => {
      const { bss, events, send, sendLarge } = load()
      const warned = warnings()
      send(2)
      const iterator = events[Symbol.asyncIterator]()
      if (how === 'for await')
        expect(await iterator.next()).toEqual({ done: false, value: { n: 0 } })
      else await iterator.return?.()
      let received = 0
      // The listener reads after this synchronous part.
      if (how === 'on') events.on(() => received++)
      // A second copy of the library reads the ring as another process would.
      vi.resetModules()
      const { BpfMap } = await import('../../../src/runtime/index.ts')
      using other = BpfMap.fromId(events.id, 'ringbuf')
      if (how === 'consume') events.consume(() => {})
      other.consume(() => {})
      for (let round = 0; round < 3; round++) {
        sendLarge()
        expect(other.consume(() => {})).toBe(1)
      }
      expect(bss.refused).toBe(0)
      const lost = {
        code: 'ERR_BPF_MALFORMED',
        message: expect.stringMatching(
          /map events of test_bpf: the record at position \d+ does not end before/,
        ),
      }
      if (how === 'for await') {
        await expect(iterator.next()).rejects.toMatchObject(lost)
        expect(await iterator.next()).toEqual({ done: true, value: undefined })
      } else if (how === 'consume') {
        expect(() => events.consume(() => {})).toThrow(expect.objectContaining(lost))
      } else {
        await expect
          .poll(() => warned.join('\n'))
          .toMatch(/the record at position \d+ does not end before/)
        expect(received).toBe(0)
        send(1)
        await sleep(20)
        expect(received).toBe(0)
      }
      send(1)
      const seen: number[] = []
      events.consume(({ n }) => seen.push(n))
      expect(seen.at(-1)).toBe(bss.n - 1)
    },
  )
})
