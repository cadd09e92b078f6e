import { existsSync, rmSync } from 'node:fs'
import { constants } from 'node:os'

import { describe, expect, onTestFinished, test } from 'vitest'

import { enableStats, Link } from '../../../src/runtime/index.ts'
import type { HashMap, SkeletonInstance } from '../../../src/runtime/index.ts'
import type {
  program,
  rawTracepointProgram,
  schedClsProgram,
  syscallProgram,
  tracingProgram,
  xdpProgram,
} from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'
import { cgroupRoot, makeCgroup } from '../cgroup.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'

const source = `
const volatile __u32 target = 0;
__u64 hits, cpu, first, second;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } numbers SEC(".maps");

static int watched(void) { return bpf_get_current_pid_tgid() >> 32 == target; }

SEC("raw_tp")
int raw(__u64 *ctx)
{
	__u32 key = 1;

	cpu = bpf_get_smp_processor_id();
	first = ctx[0];
	second = ctx[1];
	bpf_map_update_elem(&numbers, &key, &key, BPF_ANY);
	return 11;
}

SEC("raw_tp/sys_enter")
int enter(__u64 *ctx) { if (watched()) __sync_fetch_and_add(&hits, 1); return 0; }

SEC("tp_btf/sys_enter")
int elsewhere(__u64 *ctx) { if (watched()) __sync_fetch_and_add(&hits, 1); return 0; }

SEC("xdp")
int grow(struct xdp_md *ctx)
{
	if (bpf_xdp_adjust_head(ctx, -8))
		return XDP_ABORTED;
	return XDP_TX;
}

SEC("tc")
int mark(struct __sk_buff *skb) { skb->mark = skb->mark + 5; return 3; }

struct arguments { __u32 in, out; };
SEC("syscall")
int twice(struct arguments *args) { args->out = 2 * args->in; return 1; }

SEC("custom/section")
int custom(void *ctx) { return 1; }
`

/** The kernel's function has had two names, and until Linux 7.0 an argument that the verifier fills in. */
const print = release === 618 ? 'bpf_stream_vprintk_impl' : 'bpf_stream_vprintk'
const [parameter, argument] = release < 700 ? [', void *aux', ', (void *)0'] : ['', '']
const printing = `
int ${print}(int stream, const char *format, const void *args, __u32 size${parameter}) __ksym;
static const char format[] = "n is %d\\n";

SEC("syscall")
int say(int *n)
{
	__u64 args[] = { *n };

	return ${print}(1, format, args, sizeof(args)${argument}) ?:
	       ${print}(2, format, args, sizeof(args)${argument});
}
`

interface Test extends SkeletonInstance {
  maps: { numbers: HashMap<number, number> }
  progs: {
    raw: InstanceType<typeof rawTracepointProgram>
    enter: InstanceType<typeof rawTracepointProgram>
    elsewhere: InstanceType<typeof tracingProgram>
    grow: InstanceType<typeof xdpProgram>
    mark: InstanceType<typeof schedClsProgram>
    twice: InstanceType<typeof syscallProgram>
    custom: InstanceType<typeof program>
  }
  rodata: { target: number }
  bss: { hits: bigint; cpu: bigint; first: bigint; second: bigint }
}

async function open(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  opened.rodata.target = process.pid
  opened.progs.custom.autoload = false
  return opened
}

const load = async (): Promise<Test> => (await open()).load()

/** Of a test's own. */
function pinPath(name: string): string {
  const path = `/sys/fs/bpf/unplugin-bpf-test-${process.pid}-${name}`
  onTestFinished(() => rmSync(path, { force: true }))
  return path
}
const hasBpffs = existsSync('/sys/fs/bpf') && release > 0

describeInKernel('a program', () => {
  test('is described by the kernel', async () => {
    const { progs, maps } = await load()
    const { info } = progs.raw
    expect(info).toMatchObject({
      type: 17,
      id: progs.raw.id,
      name: 'raw',
      tag: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
      uid: process.getuid?.(),
      gplCompatible: true,
      btfId: expect.any(Number) as number,
    })
    expect(info.mapIds).toContain(maps.numbers.id)
    expect(info.loadedSize % 8).toBe(0)
    expect(info.jitedSize).toBeGreaterThan(0)
    expect(info.loadTime).toBeGreaterThan(0n)
    expect(info.verifiedInstructions).toBeGreaterThan(0)
    expect((await open()).progs.raw.log).toBe('')
    expect(() => info && (progs.custom.info as unknown)).toThrow(/autoload is false/)
  })

  test('counts its runs while statistics are on', async () => {
    const { progs } = await load()
    progs.twice.testRun({ ctx: new Uint8Array(8) })
    const stats = enableStats()
    onTestFinished(() => stats.disable())
    const before = progs.twice.info.runCount
    for (let n = 0; n < 5; n++) progs.twice.testRun({ ctx: new Uint8Array(8) })
    const { runCount, runTime } = progs.twice.info
    expect(runCount - before).toBe(5n)
    expect(runTime).toBeGreaterThan(0n)
    stats.disable()
    stats.disable()
  })

  test.skipIf(release < 617)('prints into its streams (Linux 6.17)', async ({ skip }) => {
    const { default: skel } = await build<
      SkeletonInstance & { progs: { say: InstanceType<typeof syscallProgram> } }
    >(printing)
    const opened = skel.openAndLoad()
    onTestFinished(() => opened.destroy())
    const { say } = opened.progs
    expect(say.stdout.text()).toBe('')
    const { retval } = say.testRun({ ctx: Uint8Array.of(7, 0, 0, 0) })
    if ((retval | 0) === -constants.errno.ENOMEM) skip('this kernel has no memory for streams')
    say.testRun({ ctx: Uint8Array.of(8, 0, 0, 0) })
    expect(say.stdout.text()).toBe('n is 7\nn is 8\n')
    expect(say.stdout.text()).toBe('')
    expect(String(say.stderr.read())).toBe('n is 7\nn is 8\n')
  })

  test.runIf(release < 617)('has no streams before Linux 6.17', async () => {
    const { progs } = await load()
    expect(() => progs.twice.stdout.read()).toThrow(/They need Linux 6.17/)
  })

  test('runs on what its type takes', async () => {
    const { progs, bss, maps } = await load()
    expect(progs.raw.testRun({ ctx: [5, -1], cpu: 0 })).toEqual({ retval: 11 })
    expect([bss.first, bss.second, bss.cpu]).toEqual([5n, 2n ** 64n - 1n, 0n])
    expect(maps.numbers.get(1)).toBe(1)
    expect(() => progs.raw.testRun({ ctx: [1, 2], cpu: 4096 })).toThrow(/ENXIO/)
    expect(() => progs.raw.testRun({ data: 1 } as object)).toThrow(/no option "data"/)

    const packet = new Uint8Array(64).fill(9)
    const grown = progs.grow.testRun({ data: packet })
    expect([grown.retval, grown.data.length, grown.data.at(-1)]).toEqual([3, 72, 9])
    expect(progs.grow.testRun({ data: packet, repeat: 3 }).duration).toBeGreaterThanOrEqual(0)
    expect(() => progs.grow.testRun({ data: new Uint8Array(1) })).toThrow(
      expect.objectContaining({ code: 'EINVAL', operation: 'test' }),
    )
    expect(() => progs.grow.testRun({ data: 'packet' as never })).toThrow(TypeError)
    expect(() => progs.grow.testRun({ data: packet, repeat: -1 })).toThrow(RangeError)

    const skb = new Uint8Array(192)
    new DataView(skb.buffer).setUint32(8, 7, true)
    const marked = progs.mark.testRun({ data: packet, ctx: skb })
    expect([marked.retval, new DataView(marked.ctx.buffer).getUint32(8, true)]).toEqual([3, 12])

    const { retval, ctx } = progs.twice.testRun({ ctx: Uint8Array.of(21, 0, 0, 0, 0, 0, 0, 0) })
    expect([retval, ctx[4]]).toEqual([1, 42])
    expect('testRun' in progs.custom).toBe(false)
  })
})

describeInKernel('settings of a program', () => {
  test('are taken between open and load, and kept', async () => {
    const opened = await open()
    const { progs } = opened
    expect([progs.raw.type, progs.grow.type, progs.custom.type]).toEqual([17, 6, 0])
    progs.custom.autoload = true
    progs.custom.type = 'socket_filter'
    expect(progs.custom.type).toBe(1)
    progs.custom.type = 3
    progs.mark.expectedAttachType = 'cgroup_inet_egress'
    expect(progs.mark.expectedAttachType).toBe(1)
    progs.mark.expectedAttachType = 0
    progs.mark.flags = 8
    expect(progs.mark.flags).toBe(8)
    progs.elsewhere.setAttachTarget(null, 'sys_exit')
    progs.raw.logLevel = 1
    progs.raw.logSize = 1 << 20
    expect([progs.raw.logLevel, progs.raw.logSize, progs.mark.logLevel]).toEqual([1, 1 << 20, 0])
    opened.load()
    expect(progs.custom.info.type).toBe(3)
    expect(progs.raw.log).toMatch(/processed \d+ insns/)
    expect(progs.mark.log).toBe('')
    expect(() => (progs.raw.type = 1)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    expect(() => progs.elsewhere.setAttachTarget(null, 'sys_exit')).toThrow(/loaded already/)
  })

  test('of the wrong kind are refused', async () => {
    const { progs } = await open()
    expect(() => (progs.raw.type = 'sched')).toThrow(/knows no type "sched"/)
    expect(() => (progs.raw.type = -1)).toThrow(RangeError)
    expect(() => (progs.raw.flags = '8' as never)).toThrow(TypeError)
    expect(() => (progs.raw.logSize = 2 ** 31)).toThrow(/logSize must be at most/)
    expect(() => (progs.grow.ifindex = 'no-such-if')).toThrow(/ENODEV/)
    expect(progs.grow.ifindex).toBe(0)
    expect(() => progs.elsewhere.setAttachTarget(null, 'no_such_function')).toThrow(
      /set the attach target no_such_function of program elsewhere/,
    )
    expect(() => progs.elsewhere.setAttachTarget('sys_exit' as never, 'x')).toThrow(TypeError)
  })

  test('a device that a program is loaded onto must take programs', async () => {
    const opened = await open()
    opened.progs.grow.ifindex = 'lo'
    expect(opened.progs.grow.ifindex).toBe(1)
    expect(() => opened.load()).toThrow(/load/)
  })
})

describeInKernel('a link', () => {
  test('is described by its type, with its cookie', async () => {
    const opened = await open()
    opened.progs.elsewhere.setAttachTarget(null, 'sys_exit')
    const { progs } = opened.load()
    expect(progs.enter.attach().info).toMatchObject({
      type: 'raw_tracepoint',
      programId: progs.enter.id,
      tracepoint: 'sys_enter',
    })
    const link = progs.elsewhere.attachTrace({ cookie: 5 })
    // As raw tracepoints are: the kernel makes no difference.
    expect(link.info).toMatchObject({ type: 'raw_tracepoint', tracepoint: 'sys_exit', id: link.id })
    if (release >= 616) expect(link.info).toMatchObject({ cookie: 5n })
    if (release < 610) return
    const withCookie = progs.raw.attachRawTracepoint('sys_exit', { cookie: 9 })
    expect(withCookie.info).toMatchObject({ type: 'raw_tracepoint', tracepoint: 'sys_exit' })
    if (release >= 616) expect(withCookie.info).toMatchObject({ cookie: 9n })
  })

  describe.skipIf(!hasBpffs)('pinned (a BPF file system)', () => {
    test('goes on without its process, and is opened again by its path', async () => {
      const opened = await load()
      const path = pinPath('link')
      const link = opened.progs.enter.attach()
      link.pin(path)
      expect(() => link.pin(path)).toThrow(expect.objectContaining({ code: 'EBUSY' }))
      const { id } = link
      link.destroy()
      const again = Link.open(path)
      expect(again.id).toBe(id)
      void process.ppid
      expect(opened.bss.hits).toBeGreaterThan(0n)
      again.unpin()
      expect(existsSync(path)).toBe(false)
      again.destroy()
      const { hits } = opened.bss
      void process.ppid
      expect(opened.bss.hits).toBe(hits)
      expect(() => again.unpin()).toThrow(/it was destroyed/)
      expect(() => Link.open(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }))
      opened.progs.enter.pin(path)
      expect(() => Link.open(path)).toThrow(/a map or a program is pinned there/)
      opened.progs.enter.unpin(path)
      expect(() => opened.progs.enter.pin('/tmp/no-bpffs')).toThrow(/BPF FS.*EINVAL/s)
      expect(() => opened.progs.enter.attach().pin('/tmp/no-bpffs')).toThrow(
        /Pins live in a BPF file system/,
      )
    })
  })

  test.skipIf(!cgroupRoot)('made by bpf(2) is pinned as one by libbpf is', async () => {
    const { default: skel } = await build<
      SkeletonInstance & { progs: { all: { attachCgroup(path: string): Link } } }
    >('SEC("cgroup_skb/egress") int all(struct __sk_buff *skb) { return 1; }')
    const opened = skel.openAndLoad()
    onTestFinished(() => opened.destroy())
    const path = pinPath('cgroup')
    const link = opened.progs.all.attachCgroup(makeCgroup())
    expect(() => link.unpin()).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    link.pin(path)
    expect(Link.open(path).info).toMatchObject({ type: 'cgroup', attachType: 1 })
    link.unpin()
    expect(existsSync(path)).toBe(false)
  })

  test('of a tracing program cannot be given another', async () => {
    const { progs } = await load()
    const link = progs.enter.attach()
    expect(() => link.update(progs.raw)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(() => link.update({} as never)).toThrow(TypeError)
    expect(link.destroyed).toBe(false)
    link.destroy()
    expect(() => link.update(progs.raw)).toThrow(/it was destroyed: attach again/)
  })
})
