import { readdirSync, readFileSync } from 'node:fs'

import { describe, expect, onTestFinished, test } from 'vitest'

import { sameSections, shapeChange, type SkeletonExports } from '../../plugin/dev/shape.ts'
import { libbpfIsAtLeast } from '../../src/runtime/ffi/libbpf-version.ts'
import { AgentRun, Incompatible, replaceSkeleton } from '../../src/runtime/hot/index.ts'
import type {
  ArrayMap,
  cgroupProgram,
  HashMap,
  KprobeProgram,
  Link,
  Links,
  PerfEventArray,
  ProgArray,
  RingBuffer,
  SchedClsProgram,
  SocketFilterProgram,
  SkeletonInstance,
  SyscallProgram,
  XdpProgram,
} from '../../src/runtime/index.ts'
import { VerifierError } from '../../src/runtime/index.ts'
import { build } from './build.ts'
import { cgroupRoot, makeCgroup } from './cgroup.ts'
import { ownNetwork, veth } from './netns.ts'
import { describeInKernel } from './permitted.ts'

const ownsNetwork = ownNetwork()

const source = `
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

interface Test extends SkeletonInstance {
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

type Edit = readonly [before: string, after: string]

interface Started {
  readonly opened: Test
  /** Compiles the source with edits, and replaces the running program by it as a development server does. */
  edit(...edits: Edit[]): ReturnType<typeof replaceSkeleton>
}

let count = 0

/** A skeleton of its own, opened and loaded as an agent in a development server does. */
async function start(prepare: (opened: Test) => void = () => {}, text = source): Promise<Started> {
  const tag = `\n/* ${count++} */`
  const running = (await build<Test>(text + tag)).exports as SkeletonExports
  const opened = new AgentRun().start(() => {
    const opened = running.default.open() as Test
    onTestFinished(() => opened.destroy())
    prepare(opened)
    return opened.load()
  })
  return {
    opened,
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

const faster: Edit = ['count += step', 'count += 10 * step']
/** A packet. */
const data = new Uint8Array(64)
const broken: Edit = ['*value += 1', '*(value + 100) += 1']

function run({ progs }: Test): number {
  return progs.run.testRun({}).retval
}

function descriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** As the kernel lists them: by name, one each. */
function isRegistered(): boolean {
  const available = '/proc/sys/net/ipv4/tcp_available_congestion_control'
  return readFileSync(available, 'utf8').split(/\s+/).includes(`js_hot_${process.pid}`)
}

describeInKernel('an edited program', () => {
  test('takes the place of the one that runs, in the same objects', async () => {
    const { opened, edit } = await start()
    const { progs, maps, bss } = opened
    expect(run(opened)).toBe(1)
    await expect(edit(faster)).resolves.toMatchObject({ instances: 1 })
    expect([opened.progs, opened.maps, opened.bss]).toEqual([progs, maps, bss])
    expect(progs.run.testRun({}).retval).toBe(11)
    expect(bss.count).toBe(11n)
  })

  test('goes on with its maps, and loops over them with their records', async () => {
    const { opened, edit } = await start()
    opened.maps.seen.set(1, 5n)
    const { id } = opened.maps.seen
    const heard: number[] = []
    opened.maps.records.on((n) => heard.push(n))
    run(opened)
    await edit(faster)
    run(opened)
    expect([opened.maps.seen.id, opened.maps.seen.get(1)]).toEqual([id, 7n])
    await expect.poll(() => heard).toEqual([1, 11])
  })

  test('goes on with its maps under a walk of theirs that waits meanwhile', async () => {
    const { opened, edit } = await start(({ maps }) => (maps.seen.maxEntries = 2000))
    for (let key = 1; key <= 1500; key++) opened.maps.seen.set(key, 0n)
    const keys = new Set<number>()
    for (const [key] of opened.maps.seen) {
      if (keys.size % 500 === 0)
        await edit(keys.size % 1000 === 0 ? faster : ['count += step', 'count += 2 * step'])
      keys.add(key)
      expect(opened.maps.seen.get(key)).toBe(0n)
    }
    expect(keys.size).toBe(1500)
  })

  test('goes on with the values of its variables, static ones too', async () => {
    const { opened, edit } = await start()
    const { last, history } = opened.bss as unknown as {
      last: { y: number }
      history: ArrayLike<number>
    }
    opened.bss.name = 'Ada'
    opened.data.limit = 7
    run(opened)
    await edit(faster)
    run(opened)
    expect([last.y, history[1], opened.bss.name]).toEqual([14, 2, 'Ada'])
  })

  test('finds them where others have come before them', async () => {
    const { opened, edit } = await start()
    const { last, history } = opened.bss
    opened.bss.name = 'Zoë'
    run(opened)
    await edit(['__u64 count;', 'char before[40]; __u64 earlier; __u64 count;'], faster)
    run(opened)
    expect([opened.bss.count, last.y, opened.bss.name]).toEqual([11n, 10, 'Zoë'])
    // Static ones begin anew: a skeleton does not show them.
    expect(history[1]).toBe(1)
    opened.bss.name = 'Eve'
    opened.bss.count = 100n
    last.y = 1
    expect(run(opened)).toBe(110)
    expect({ ...opened.bss }).toMatchObject({ count: 110n, name: 'Eve' })
    expect(last.y).toBe(6)
    await edit(['__u64 count;', 'char before[40]; __u64 earlier, even_earlier[3]; __u64 count;'])
    expect(run(opened)).toBe(111)
    expect(opened.bss.name).toBe('Eve')
  })

  test('begins with a new value where the initialiser was edited', async () => {
    const { opened, edit } = await start()
    opened.data.limit = 7
    await edit(faster)
    expect(opened.data.limit).toBe(7)
    await edit(faster, ['limit = 5', 'limit = 6'])
    expect(opened.data.limit).toBe(6)
  })

  test('has the constants that JavaScript wrote, and those that were edited', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.step = 3
    })
    await edit(faster, ['"start"', '"other"'])
    expect(run(opened)).toBe(30)
    expect({ ...opened.rodata }).toMatchObject({ step: 3, label: 'other' })
    expect(() => (opened.rodata.step = 4)).toThrow('constant once loaded')
  })

  test('has the settings that JavaScript made', async () => {
    const { opened, edit } = await start(({ maps, progs }) => {
      maps.seen.maxEntries = 2
      progs.tail.autoload = true
    })
    await edit(faster)
    expect([opened.maps.seen.maxEntries, opened.progs.tail.autoload]).toEqual([2, true])
    expect(opened.progs.tail.testRun({ data }).retval).toBe(70)
    expect(opened.progs.jump.autoload).toBe(false)
  })

  test('is what tail calls reach', async () => {
    const { opened, edit } = await start(({ progs }) => {
      progs.tail.autoload = progs.jump.autoload = true
    })
    opened.maps.calls.set(1, opened.progs.tail as never)
    expect(opened.progs.jump.testRun({ data }).retval).toBe(70)
    await edit(['return 70', 'return 71'])
    expect(opened.progs.jump.testRun({ data }).retval).toBe(71)
  })

  test('joins its groups, where it is new, and is attached as the others are', async () => {
    const { opened, edit } = await start()
    opened.attach()
    const extra = `
__u64 more;
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, __u32); } added SEC(".maps");
SEC("raw_tp/sys_exit") int added_too(void *ctx) { __u32 key = 2, *value = bpf_map_lookup_elem(&added, &key); more++; if (value) *value = 9; return 0; }`
    await edit(['/* EXTRA */', extra])
    const { maps, progs, links } = opened as unknown as {
      maps: Record<string, ArrayMap<number>>
      progs: Record<string, object>
      links: Record<string, Link>
    }
    expect(progs).toHaveProperty('added_too')
    expect(links['added_too']?.destroyed).toBe(false)
    expect(maps['added']?.get(2)).toBe(9)
    opened.detach()
    expect(links['added_too']?.destroyed ?? true).toBe(true)
    expect(opened.attach().links.on_enter?.destroyed).toBe(false)
    expect((opened.links as typeof links)['added_too']?.destroyed).toBe(false)
  })

  test('is attached where its section says now', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.self = process.pid
    })
    opened.attach()
    const { on_enter: link } = opened.links
    await edit(['raw_tp/sys_enter', 'raw_tp/sys_exit'])
    expect(opened.links.on_enter).toBe(link)
    expect(link?.info).toMatchObject({ type: 'raw_tracepoint', tracepoint: 'sys_exit' })
    await edit(['raw_tp/sys_enter', 'raw_tp'])
    expect([link?.destroyed, opened.progs.on_enter.autoload]).toEqual([true, true])
  })

  test('counts on, and says how often it ran beside the old one', async () => {
    const { opened, edit } = await start(({ rodata }) => {
      rodata.self = process.pid
    })
    opened.attach()
    const { on_enter: link } = opened.links
    let lost = 0
    const heard = { samples: 0 }
    opened.maps.samples.on(() => heard.samples++, { lost: (_cpu, count) => (lost += count) })
    const replaced = await edit(faster)
    expect(link?.destroyed).toBe(false)
    expect(opened.links.on_enter).toBe(link)
    expect(replaced.twice).toBeTypeOf('bigint')
    const before = heard.samples
    await expect.poll(() => heard.samples).toBeGreaterThan(before)
    expect(opened.bss.last.x).not.toBe(0)
    expect(lost).toBe(0)
  })

  test('that the verifier refuses leaves the running one as it is', async () => {
    const { opened, edit } = await start()
    opened.attach()
    opened.maps.seen.set(1, 5n)
    const [{ id: program }, { id: link }] = [opened.progs.run, opened.links.on_enter as Link]
    await expect(edit(broken)).rejects.toThrow(VerifierError)
    expect([opened.progs.run.id, opened.links.on_enter?.id]).toEqual([program, link])
    expect(run(opened)).toBe(1)
    expect(opened.maps.seen.get(1)).toBe(6n)
    await edit(faster)
    expect(run(opened)).toBe(11)
  })

  test('that cannot be attached leaves the running one as it is', async () => {
    const { opened, edit } = await start()
    opened.attach()
    const { id } = opened.links.on_enter as Link
    await expect(edit(['raw_tp/sys_enter', 'raw_tp/no_such_point'])).rejects.toThrow(
      'no_such_point',
    )
    expect(opened.links.on_enter?.id).toBe(id)
    expect(run(opened)).toBe(1)
  })

  test('keeps where each instance has come to, and is what is opened next', async () => {
    const { opened, edit } = await start()
    run(opened)
    await edit(faster)
    await edit(faster, ['10 * step', '100 * step'])
    expect(run(opened)).toBe(101)
  })

  test('is let go of when the agent ends the instance meanwhile', async () => {
    const { opened, edit } = await start()
    const editing = edit(faster)
    opened.destroy()
    await expect(editing).resolves.toMatchObject({ instances: 0 })
    expect(() => opened.attach()).toThrow('destroyed')
  })

  test('leaves no descriptors behind', async () => {
    const { opened, edit } = await start()
    opened.attach()
    opened.maps.records.on(() => {})
    await edit(faster)
    const before = descriptors()
    for (let turn = 0; turn < 6; turn++)
      await edit(turn % 2 === 0 ? broken : faster).catch(() => {})
    expect(descriptors()).toBe(before)
    opened.destroy()
    expect(descriptors()).toBeLessThan(before)
  })

  describe('is refused the place of one whose', () => {
    test.for<[what: string, ...edits: Edit[]]>([
      [
        'map seen is another',
        ['__type(value, __u64);', '__type(value, __u32);'],
        ['__u64 *value', '__u32 *value'],
      ],
      [
        'map records is another',
        ['BPF_MAP_TYPE_RINGBUF', 'BPF_MAP_TYPE_USER_RINGBUF'],
        ['bpf_ringbuf_output', '(void)'],
      ],
      ['variable bss.name is another', ['char name[16]', 'char name[17]']],
      ['there is no variable bss.name any more', ['char name[16];', '']],
      ['there is no program tail any more', ['int tail(', 'int tale(']],
      ['program pass is another', ['"?xdp"', '"?socket"'], ['struct xdp_md', 'struct __sk_buff']],
      ['type point is another', ['__s16 x;', '__s32 x;']],
      ['maxEntries (16 declared, 8 given)', ['max_entries, 8', 'max_entries, 16']],
    ])('%s', async ([what, ...edits]) => {
      const { opened, edit } = await start()
      const failure = await edit(...edits).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(Incompatible)
      expect(String(failure)).toContain(what)
      expect(run(opened)).toBe(1)
    })
  })

  describe('is attached as the agent attached it', () => {
    test.skipIf(!ownsNetwork)('to interfaces, in one step', async () => {
      veth('hot0', 'hot1')
      const { opened, edit } = await start(({ progs }) => {
        progs.pass.autoload = progs.classify.autoload = true
      })
      opened.links.pass = opened.progs.pass.attachXdp('hot0')
      const tc = opened.progs.classify.attachTc('hot0', 'ingress')
      const tcx = opened.progs.classify.attachTcx('hot1', 'egress')
      const ids = [opened.links.pass, tcx].map(({ id }) => id)
      const { twice } = await edit(faster)
      expect([opened.links.pass, tcx].map(({ id }) => id)).toEqual(ids)
      const programs = [opened.links.pass, tc, tcx].map(({ info }) => info.programId)
      const { pass, classify } = opened.progs
      expect(programs).toEqual([pass.id, classify.id, classify.id])
      expect(twice).toBe(0n)
    })

    test.skipIf(!cgroupRoot)('to a cgroup, in one step', async () => {
      const cgroup = makeCgroup()
      const { opened, edit } = await start(({ progs }) => {
        progs.created.autoload = true
      })
      const link = opened.progs.created.attachCgroup(cgroup)
      const loose = opened.progs.created.attachCgroup(cgroup, { mode: 'multi' })
      const { id } = link
      await edit(faster)
      expect(link.id).toBe(id)
      const { id: program } = opened.progs.created as unknown as { id: number }
      expect(link.info.programId).toBe(program)
      loose.destroy()
      opened.destroy()
    })

    const congestion = `
struct sock;
struct tcp_congestion_ops {
	__u32 flags;
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};
SEC("struct_ops/ssthresh") __u32 BPF_PROG(threshold, struct sock *sk) { return 10; }
SEC("struct_ops/cong_avoid") void BPF_PROG(avoid, struct sock *sk, __u32 ack, __u32 acked) {}
SEC("struct_ops/undo_cwnd") __u32 BPF_PROG(undo, struct sock *sk) { return 10; }
SEC(".struct_ops") struct tcp_congestion_ops control = {
	.ssthresh = (void *)threshold, .cong_avoid = (void *)avoid, .undo_cwnd = (void *)undo, .name = "js_hot_${process.pid}",
};
`
    test('as a struct_ops of which there can be one, after the old one', async () => {
      const { opened, edit } = await start(() => {}, source + congestion)
      const { links } = opened.attach() as unknown as { links: Links<'control'> }
      const { control: link } = links
      expect(isRegistered()).toBe(true)
      await edit(faster)
      expect([isRegistered(), links.control === link, link?.destroyed]).toEqual([true, true, false])
      // The kernel wants all of these functions.
      await expect(edit(['.undo_cwnd = (void *)undo,', ''])).rejects.toThrow()
      expect([isRegistered(), link?.destroyed]).toEqual([true, false])
      opened.detach()
      expect(isRegistered()).toBe(false)
    })

    test.skipIf(!libbpfIsAtLeast(1, 4))(
      `as a struct_ops with a link, in one step${libbpfIsAtLeast(1, 4) ? '' : ' (skipped: needs libbpf 1.4)'}`,
      async () => {
        const linked = congestion.replace('.struct_ops"', '.struct_ops.link"')
        const { opened, edit } = await start(() => {}, source + linked)
        const { links } = opened.attach() as unknown as { links: Links<'control'> }
        const { id } = links.control as Link
        await edit(faster)
        const { control: map } = opened.maps as unknown as { control: { id: number } }
        expect(links.control?.id).toBe(id)
        expect(links.control?.info).toMatchObject({ type: 'struct_ops', mapId: map.id })
      },
    )

    test('to a function, beside the old one for a moment', async () => {
      const { opened, edit } = await start(({ progs }) => {
        progs.probed.autoload = true
      })
      const link = opened.progs.probed.attachUprobe('libc.so.6', { symbol: 'getpid', pid: 'self' })
      await edit(faster)
      expect(link.destroyed).toBe(false)
      expect(link.info.programId).toBe((opened.progs.probed as unknown as { id: number }).id)
      link.destroy()
      await edit(faster, ['10 * step', '11 * step'])
      expect(link.destroyed).toBe(true)
    })
  })
})
