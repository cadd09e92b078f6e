import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import type {
  SyscallProgram,
  RingBuffer,
  SkeletonInstance,
  UserRingBuffer,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct command { __u32 id; char name[12]; };
struct line { __u32 id; char text[]; };
struct line *unused_line;

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct command);
} commands SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } seen SEC(".maps");
__u32 most;
__s64 drained;

/* Sends back what came. */
static long on_command(struct bpf_dynptr *record, __u32 *count)
{
	struct { __u32 length; char bytes[60]; } copy = {};

	if (bpf_dynptr_read(copy.bytes, 60, record, 0, 0) == 0)
		copy.length = 60;
	else if (bpf_dynptr_read(copy.bytes, 16, record, 0, 0) == 0)
		copy.length = 16;
	else if (bpf_dynptr_read(copy.bytes, 3, record, 0, 0) == 0)
		copy.length = 3;
	bpf_ringbuf_output(&seen, &copy, sizeof(copy), 0);
	return ++*count == most;
}

SEC("syscall")
int drain(void *ctx)
{
	__u32 count = 0;

	drained = bpf_user_ringbuf_drain(&commands, on_command, &count, 0);
	return 0;
}
`

interface Command {
  id: number
  name: string
}
interface Test extends SkeletonInstance {
  maps: { commands: UserRingBuffer<Command>; seen: RingBuffer<Uint8Array> }
  progs: { drain: SyscallProgram }
  bss: { most: number; drained: bigint }
}

const { default: skel, types } = await build<Test>(source)

function load() {
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  const { command, line } = types
  if (!command || !line) throw new Error('the types are not exported')
  return {
    loaded,
    commands: loaded.maps.commands,
    lines: loaded.maps.commands.as(line) as UserRingBuffer<unknown> as UserRingBuffer<{
      id: number
      text: string
    }>,
    /** Drains at most `limit` records, all when 0. Returns those that the program got. */
    drain(limit = 0): Command[] {
      loaded.bss.most = limit
      loaded.progs.drain.testRun()
      const got: Command[] = []
      loaded.maps.seen.consume((view) => {
        const bytes = Uint8Array.from(view.toArray())
        const { id, name } = command.decode(bytes, 4) as unknown as Command
        got.push({ id, name })
      })
      return got
    },
  }
}

/** The records of 16 bytes, with headers of 8, that fit into 4096 bytes. */
const capacity = Math.floor(4096 / 24)

describeInKernel('a user ring buffer', () => {
  test('gives a program the records that were sent, in order', () => {
    const { loaded, commands, drain } = load()
    expect(commands.send({ id: 1, name: 'first' })).toBe(true)
    expect(commands.send({ id: 2, name: 'twelve bytes' })).toBe(true)
    expect(drain()).toEqual([
      { id: 1, name: 'first' },
      { id: 2, name: 'twelve bytes' },
    ])
    expect([loaded.bss.drained, drain()]).toEqual([2n, []])
  })

  test('refuses records while it is full, and wraps around its end', () => {
    const { commands, drain } = load()
    let sent = 0
    for (let round = 0; round < 10; round++) {
      const first = sent
      while (commands.send({ id: sent, name: 'x' })) sent++
      expect(sent - first).toBe(round === 0 ? capacity : 100)
      const got = drain(100)
      expect(got.map(({ id }) => id)).toEqual(
        Array.from({ length: 100 }, (_, index) => 100 * round + index),
      )
    }
  })

  test('sends records of other types, flexible ones and bytes', () => {
    const { loaded, commands, lines, drain } = load()
    lines.send({ id: 7, text: 'a line of some length ' })
    expect(drain()).toEqual([{ id: 7, name: 'a line of so' }])
    lines.send({ id: 8, text: 'y'.repeat(60) })
    expect(drain()).toEqual([{ id: 8, name: 'y'.repeat(12) }])
    // Three bytes are less than a command, and still a record.
    const { raw } = commands
    raw.send(Uint8Array.of(9, 1))
    raw.send(Uint8Array.of(9, 0, 1))
    expect(drain()).toEqual([
      { id: 0, name: '' },
      { id: 0x10009, name: '' },
    ])
    expect(loaded.bss.drained).toBe(2n)
  })

  test('refuses wrong values, and sends nothing of them', () => {
    const { commands, lines, drain } = load()
    expect(() => commands.send({ id: 1, name: 'far too long a name' })).toThrow(/name/)
    expect(() => commands.send({ id: 1 } as Command)).toThrow(/name/)
    expect(() => lines.send({ id: 1, text: 'z'.repeat(4090) })).toThrow(
      expect.objectContaining({ code: 'E2BIG' }),
    )
    expect(() => skel.open().maps.commands.send({ id: 1, name: '' })).toThrow(/call load\(\) first/)
    expect(drain()).toEqual([])
  })

  test('a record that a getter of another value sends comes first', () => {
    const { commands, drain } = load()
    commands.send({
      get id() {
        commands.send({ id: 1, name: 'inner' })
        return 2
      },
      name: 'outer',
    })
    expect(drain()).toEqual([
      { id: 1, name: 'inner' },
      { id: 2, name: 'outer' },
    ])
  })

  test('sendAsync waits for room, in order', async () => {
    const { commands, drain } = load()
    let sent = 0
    while (commands.send({ id: sent, name: '' })) sent++
    const aborting = new AbortController()
    const order: string[] = []
    const waits = ['a', 'b', 'c'].map((name) =>
      commands
        .sendAsync({ id: sent, name }, name === 'b' ? { signal: aborting.signal } : {})
        .then(() => order.push(name))
        .catch((error: unknown) => order.push(String(error))),
    )
    await sleep(5)
    expect(order).toEqual([])
    aborting.abort('enough')
    drain(1)
    await expect.poll(() => order).toEqual(['enough', 'a'])
    const got = drain()
    await Promise.all(waits)
    expect(order).toEqual(['enough', 'a', 'c'])
    expect(got.at(-1)).toEqual({ id: sent, name: 'a' })
    expect(drain()).toEqual([{ id: sent, name: 'c' }])
    await commands.sendAsync({ id: 1, name: 'at once' })
    expect(drain()).toHaveLength(1)
  })

  test('no record overtakes one that waits, however small', async () => {
    const { commands, lines, drain } = load()
    while (commands.send({ id: 0, name: '' }));
    const waiting = lines.sendAsync({ id: 1, text: 'as long as several commands'.repeat(2) })
    drain(1)
    await sleep(5)
    expect(commands.send({ id: 2, name: 'would fit' })).toBe(false)
    drain(3)
    await waiting
    expect(commands.send({ id: 2, name: 'fits' })).toBe(true)
    expect(drain().slice(-2)).toMatchObject([{ id: 1 }, { id: 2 }])
  })

  test('destroy rejects the sends that wait', async () => {
    const { loaded, commands } = load()
    while (commands.send({ id: 0, name: '' }));
    const waiting = commands.sendAsync({ id: 1, name: '' })
    loaded.destroy()
    await expect(waiting).rejects.toThrow(expect.objectContaining({ code: 'ERR_BPF_DESTROYED' }))
    expect(() => commands.send({ id: 1, name: '' })).toThrow(/destroyed/)
    await expect(commands.sendAsync({ id: 1, name: '' }, { sgnal: 1 } as object)).rejects.toThrow(
      TypeError,
    )
  })
})
