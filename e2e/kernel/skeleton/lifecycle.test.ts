import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

import { expect, onTestFinished, test } from 'vitest'

import { BpfError } from '../../../src/runtime/index.ts'
import type {
  HashMap,
  Links,
  SyscallProgram,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct point { __s16 x, y; };
enum mode { OFF, ON = 7 };
const volatile __u32 target_pid = 0;
const volatile char label[8] = "start";
int limit = 5;
enum mode mode = ON;
__u64 count;
struct point last;
__u8 small;
__u32 slots[64] SEC(".data.hist");
extern int LINUX_KERNEL_VERSION __kconfig;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	__sync_fetch_and_add(&count, limit);
	return 0;
}

SEC("?raw_tp/sys_exit")
int on_exit(void *ctx) { return 0; }

SEC("syscall")
int run(void *ctx)
{
	last.x = -3;
	last.y = LINUX_KERNEL_VERSION > 0;
	slots[7] += limit;
	mode = label[0] == 's' ? OFF : ON;
	return slots[7];
}

SEC("xdp")
int pass(struct xdp_md *ctx) { return XDP_PASS; }
`

interface Test extends SkeletonInstance {
  maps: { seen: HashMap<number, bigint> }
  progs: Record<'on_enter' | 'on_exit' | 'run' | 'pass', SyscallProgram>
  links: Links<'on_enter' | 'on_exit' | 'run' | 'pass'>
  rodata: { target_pid: number; label: string }
  data: { limit: number; mode: number }
  bss: { count: bigint; last: { x: number; y: number }; small: number }
  data_hist: { slots: ArrayLike<number> }
  kconfig: { LINUX_KERNEL_VERSION: number }
}

async function open(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

function stateError(reason: RegExp): object {
  return expect.objectContaining({ code: 'ERR_BPF_STATE', message: expect.stringMatching(reason) })
}

describeInKernel('a skeleton', () => {
  test('shows the groups and sections of the object, in its order', async () => {
    const skel = await open()
    const sections = ['rodata', 'data', 'bss', 'data_hist', 'kconfig'].toSorted(bySection(skel))
    expect(Object.keys(skel)).toEqual(['maps', 'progs', 'links', ...sections])
    expect(Object.keys(skel.progs)).toEqual(Object.keys(skel.links))
    expect(Object.getPrototypeOf(skel.maps)).toBe(null)
    expect('count' in skel.bss).toBe(true)
    expect(() => Object.assign(skel, { other: 1 })).toThrow(TypeError)
    expect(() => Object.assign(skel.maps, { other: 1 })).toThrow(TypeError)
    expect(() => Object.assign(skel.bss, { other: 1 })).toThrow(TypeError)
  })

  test('shows initial values before load, and hands the kernel what is written there', async () => {
    const skel = await open()
    expect(skel.data.limit).toBe(5)
    expect(skel.data.mode).toBe(7)
    expect(skel.rodata.label).toBe('start')
    skel.data.limit = 6
    skel.bss.last = { x: 1, y: 2 }
    skel.load()
    expect(skel.data.limit).toBe(6)
    expect(skel.bss.last).toMatchObject({ x: 1, y: 2 })
    expect(skel.progs.run.testRun().retval).toBe(6)
  })

  test('shares live memory after load, both ways', async () => {
    const skel = (await open()).load()
    expect(skel.progs.run.testRun().retval).toBe(5)
    expect(skel.bss.last).toMatchObject({ x: -3, y: 1 })
    expect(skel.data_hist.slots[7]).toBe(5)
    expect(skel.data.mode).toBe(0)
    skel.data.limit = 100
    expect(skel.progs.run.testRun().retval).toBe(105)
    expect(() => (skel.bss.small = 300)).toThrow(RangeError)
    expect(skel.bss.small).toBe(0)
  })

  test('freezes .rodata at load and reads .kconfig after it', async () => {
    const skel = await open()
    expect(() => skel.kconfig.LINUX_KERNEL_VERSION).toThrow(stateError(/call load\(\) first/))
    skel.rodata.label = 'other'
    skel.load()
    expect(() => (skel.rodata.label = 'third')).toThrow(stateError(/between open\(\) and load\(\)/))
    expect(skel.rodata.label).toBe('other')
    skel.progs.run.testRun()
    expect(skel.data.mode).toBe(7)
    expect(skel.kconfig.LINUX_KERNEL_VERSION >> 16).toBeGreaterThanOrEqual(5)
    expect(() => (skel.kconfig.LINUX_KERNEL_VERSION = 1)).toThrow(stateError(/read-only/))
  })

  test('attaches what names a target and is to be loaded, and nothing else', async () => {
    const skel = await open()
    skel.rodata.target_pid = process.pid
    skel.load().attach()
    expect(skel.links.on_enter?.id).toBeGreaterThan(0)
    expect([skel.links.on_exit, skel.links.run, skel.links.pass]).toEqual([null, null, null])
    const before = skel.bss.count
    readFileSync('/proc/self/comm')
    expect(skel.bss.count).toBeGreaterThan(before)
    const link = skel.links.on_enter
    expect(skel.attach().links.on_enter).toBe(link)
    skel.detach()
    expect(skel.links.on_enter).toBe(null)
    const after = skel.bss.count
    readFileSync('/proc/self/comm')
    expect(skel.bss.count).toBe(after)
  })

  test('keeps links that were set by hand, and destroys those that are assigned over', async () => {
    const skel = (await open()).load()
    const own = skel.progs.on_enter.attach()
    skel.links.on_enter = own
    skel.attach()
    expect(skel.links.on_enter).toBe(own)
    skel.links.on_enter = skel.progs.on_enter.attach()
    expect(own.destroyed).toBe(true)
    expect(() => own.id).toThrow(stateError(/attach again/))
    expect(() => Object.assign(skel.links, { on_enter: {} })).toThrow(TypeError)
    const unassigned = skel.progs.on_enter.attach()
    skel.detach()
    expect(unassigned.destroyed).toBe(true)
  })

  test('autoload and autoattach decide what load and attach do', async () => {
    const skel = await open()
    expect(skel.progs.on_exit.autoload).toBe(false)
    skel.progs.on_exit.autoload = true
    skel.progs.on_enter.autoload = false
    skel.progs.on_exit.autoattach = false
    skel.load().attach()
    expect(skel.links.on_exit).toBe(null)
    expect(skel.progs.on_exit.fd).toBeGreaterThan(0)
    expect(() => skel.progs.on_enter.fd).toThrow(stateError(/its autoload is false/))
    expect(() => (skel.progs.on_enter.autoload = true)).toThrow(stateError(/loaded already/))
  })

  test('a program whose section names no target says what to do', async () => {
    const skel = (await open()).load()
    expect(() => skel.progs.pass.attach()).toThrow(
      expect.objectContaining({
        code: 'EOPNOTSUPP',
        message: expect.stringContaining('SEC("xdp") names no target'),
      }),
    )
  })

  test('calls in the wrong order say what to do instead', async () => {
    const skel = await open()
    expect(() => skel.attach()).toThrow(stateError(/call load\(\) first/))
    expect(() => skel.maps.seen.get(1)).toThrow(stateError(/call load\(\) first/))
    expect(() => skel.progs.run.testRun()).toThrow(stateError(/call load\(\) first/))
    skel.load()
    expect(() => skel.load()).toThrow(stateError(/loaded already/))
    expect(() => (skel.maps.seen.maxEntries = 9)).toThrow(
      stateError(/between open\(\) and load\(\)/),
    )
    const { bss, maps, progs } = skel
    const link = progs.on_enter.attach()
    const keys = maps.seen.keys()
    skel.destroy()
    skel.destroy()
    for (const use of [
      () => bss.count,
      () => (bss.count = 1n),
      () => bss.last.x,
      () => maps.seen.get(1),
      () => maps.seen.set(1, 1n),
      () => maps.seen.maxEntries,
      () => maps.seen.fd,
      () => progs.run.testRun(),
      () => progs.run.fd,
      () => progs.run.autoload,
      () => progs.on_enter.attach(),
      () => skel.load(),
      () => skel.attach(),
      () => link.id,
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    }
    expect([...keys]).toEqual([])
    expect(() => link.destroy()).not.toThrow()
    expect(() => skel.detach()).not.toThrow()
  })

  test('unknown and wrong open options are TypeErrors', async () => {
    const { default: skel } = await build<Test>(source)
    expect(() => skel.open({ objectname: 'x' } as object)).toThrow(/no option "objectname"/)
    expect(() => skel.open({ objectName: 1 } as object)).toThrow(TypeError)
    expect(() => skel.open({ objectName: 'a\0b' })).toThrow(TypeError)
    const named = skel.open({ objectName: 'renamed', kconfig: '' })
    onTestFinished(() => named.destroy())
    expect(named.load().maps.seen.info.name).toBe('seen')
  })

  test('loads off the event loop, and refuses everything else meanwhile', async () => {
    const skel = await open()
    const loading = skel.loadAsync()
    expect(() => skel.load()).toThrow(stateError(/await it first/))
    expect(() => skel.maps.seen.maxEntries).toThrow(stateError(/await it first/))
    expect(await loading).toBe(skel)
    expect(skel.progs.run.testRun().retval).toBe(5)
  })

  test('destroyed while it loads, the load is refused', async () => {
    const skel = await open()
    const loading = skel.loadAsync()
    skel.destroy()
    await expect(loading).rejects.toThrow(stateError(/destroyed/))
    await sleep(1)
  })

  test('variables are not written while a thread loads, nor after a load that failed', async () => {
    const skel = await open()
    const loading = skel.loadAsync()
    expect(skel.data.limit).toBe(5)
    expect(() => (skel.data.limit = 6)).toThrow(stateError(/await it first/))
    await loading
    skel.data.limit = 7
    expect(skel.progs.run.testRun().retval).toBe(7)

    const failing = await open()
    failing.maps.seen.maxEntries = 0
    expect(() => failing.load()).toThrow(BpfError)
    expect(() => (failing.data.limit = 6)).toThrow(stateError(/open\(\) a new instance/))
    expect(failing.data.limit).toBe(5)
  })

  test('is disposable', async () => {
    const skel = (await open()).load()
    skel[Symbol.dispose]()
    expect(() => skel.bss.count).toThrow(BpfError)
  })
})

/** Sections are in the order of the maps they belong to. */
function bySection(skel: Test): (a: string, b: string) => number {
  const order = Object.keys(skel.maps)
  return (a, b) => order.indexOf(a) - order.indexOf(b)
}
