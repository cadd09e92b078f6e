import { existsSync, readFileSync } from 'node:fs'

import { afterAll, describe, expect, onTestFinished, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import type { SkeletonInstance } from '../../../src/runtime/index.ts'
import type { kprobeProgram } from '../../../src/runtime/internal.ts'
import { loading } from '../../loading.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'
import { hasSdt, probed } from '../probed.ts'
import type { ProbedProcess } from '../probed.ts'
import { release } from '../release.ts'

const source = `
#include <stdbool.h>
#include <linux/ptrace.h>
#include <bpf/usdt.bpf.h>
const volatile __u32 target = 0;
__u64 hits;
__u64 value, cookie;
__u32 argument;

static bool watched(void) { return !target || bpf_get_current_pid_tgid() >> 32 == target; }

static int hit(void *ctx, __u64 seen)
{
	if (!watched())
		return 0;
	__sync_fetch_and_add(&hits, 1);
	value += seen;
	cookie += bpf_get_attach_cookie(ctx);
	return 0;
}

SEC("?uprobe") int probe(struct pt_regs *ctx) { return hit(ctx, (__u32)PT_REGS_PARM1(ctx)); }
SEC("?uretprobe") int returned(struct pt_regs *ctx) { return hit(ctx, (__u32)PT_REGS_RC(ctx)); }
SEC("?kprobe") int generic(struct pt_regs *ctx) { return hit(ctx, 0); }
SEC("?uprobe.multi") int many(struct pt_regs *ctx) { return hit(ctx, (__u32)PT_REGS_PARM1(ctx)); }
SEC("?uprobe.multi//proc/self/exe:nothing*") int told(struct pt_regs *ctx) { return hit(ctx, 0); }
SEC("?kprobe.multi") int kmany(struct pt_regs *ctx) { return hit(ctx, 0); }
SEC("?usdt")
int marked(struct pt_regs *ctx)
{
	long first = 0, second = 0;

	if (!watched() || bpf_usdt_arg_cnt(ctx) != 2)
		return 0;
	bpf_usdt_arg(ctx, 0, &first);
	bpf_usdt_arg(ctx, 1, &second);
	__sync_fetch_and_add(&hits, 1);
	argument = first;
	value = second;
	cookie = bpf_usdt_cookie(ctx);
	return 0;
}
`

type Kprobe = InstanceType<typeof kprobeProgram>
type Name = 'probe' | 'returned' | 'generic' | 'many' | 'told' | 'kmany' | 'marked'
interface Test extends SkeletonInstance {
  progs: Record<Name, Kprobe>
  rodata: { target: number }
  bss: { hits: bigint; value: bigint; cookie: bigint; argument: number }
}

async function load(name: Name, target = 0): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  opened.rodata.target = target
  opened.progs[name].autoload = true
  return opened.load()
}

const hasKprobes = existsSync('/sys/bus/event_source/devices/kprobe')
const binary = loading.possible ? probed() : undefined
const path = binary?.path ?? ''
afterAll(() => binary?.remove())

function start(): ProbedProcess {
  if (!binary) throw new Error('nothing to probe')
  const started = binary.start()
  onTestFinished(() => started.end())
  return started
}

describeInKernel('uprobes', () => {
  test('at a function of a program, in every process that runs it, or in one', async () => {
    const { progs, bss } = await load('probe')
    const [one, two] = [start(), start()]
    const link = progs.probe.attachUprobe(path, { symbol: 'twice', cookie: 7 })
    expect(link.info).toMatchObject(
      release >= 606
        ? {
            type: 'perf_event',
            event: 'uprobe',
            path,
            offset: binary?.offsetOf('twice'),
            cookie: 7n,
          }
        : { type: 'perf_event' },
    )
    await one.call()
    await two.call()
    expect([bss.hits, bss.value, bss.cookie]).toEqual([2n, 2n, 14n])
    link.destroy()
    await one.call()
    expect(bss.hits).toBe(2n)
    progs.probe.attachUprobe(path, { symbol: 'twice', pid: one.pid })
    await two.call()
    expect(bss.hits).toBe(2n)
    await one.call()
    expect([bss.hits, bss.value]).toEqual([3n, 5n])
  })

  test('at its return, and at an offset in the file', async () => {
    const { progs, bss } = await load('returned')
    const process = start()
    const link = progs.returned.attachUprobe(path, { symbol: 'thrice', retprobe: true })
    await process.call()
    expect([bss.hits, bss.value]).toEqual([1n, 3n])
    link.destroy()
    const opened = await load('probe')
    const offset = binary?.offsetOf('thrice') ?? 0
    opened.progs.probe.attachUprobe(path, { offset })
    await process.call()
    expect([opened.bss.hits, opened.bss.value]).toEqual([1n, 2n])
  })

  test('of a program of another kind of probe', async () => {
    const { progs, bss } = await load('generic')
    const process = start()
    progs.generic.attachUprobe(path, { symbol: 'twice' })
    await process.call()
    expect(bss.hits).toBe(1n)
  })

  test("in a process's own program and libraries", async () => {
    const started = start()
    const { progs, bss } = await load('probe', started.pid)
    const link = progs.probe.attachUprobe(started.pid, { symbol: 'twice' })
    await started.call()
    expect(bss.hits).toBe(1n)
    link.destroy()
    progs.probe.attachUprobe('libc.so.6', { symbol: 'fgets', pid: started.pid })
    await started.call()
    expect(bss.hits).toBe(2n)
    const own = await load('probe', process.pid)
    own.progs.probe.attachUprobe('libc.so.6', { symbol: 'getppid', pid: 'self' })
    expect(process.ppid).toBeGreaterThan(0)
    expect(own.bss.hits).toBe(1n)
    own.progs.probe.attachUprobe('self', { symbol: 'uv_hrtime', pid: 'self' })
    performance.now()
    expect(own.bss.hits).toBeGreaterThan(1n)
  })

  test('count who watches at an offset of the file', async () => {
    const { progs } = await load('probe')
    const started = start()
    const refCtrOffset = semaphore()
    expect(await started.call()).toBe('5 0')
    const link = progs.probe.attachUprobe(path, { symbol: 'twice', refCtrOffset })
    expect(await started.call()).toBe('10 1')
    link.destroy()
    expect(await started.call()).toBe('15 0')
  })

  test('what cannot be is refused', async () => {
    const { progs } = await load('probe')
    expect(() => progs.probe.attachUprobe(path, { symbol: 'no_such' })).toThrow(
      /attach program probe of test_bpf to no_such of .*probed: .*ENOENT/,
    )
    expect(() => progs.probe.attachUprobe('/no/such/file', { symbol: 'x' })).toThrow(/ENOENT/)
    expect(() => progs.probe.attachUprobe('libc.so.6', { symbol: 'x', pid: 0x7fff_fff0 })).toThrow(
      /read the libraries of process 2147483632.*ESRCH/,
    )
    expect(() => progs.probe.attachUprobe(path, { offset: 1, pid: 1.5 })).toThrow(RangeError)
    expect(() => progs.probe.attachUprobe(path, { symbol: 1 as never })).toThrow(TypeError)
    expect(() => progs.probe.attachUprobe(path)).toThrow(/needs the option symbol, or offset/)
    expect(() => progs.probe.attachUprobe({} as string, { symbol: 'x' })).toThrow(TypeError)
    if (libbpfIsAtLeast(1, 2)) return
    expect(() => progs.probe.attachUprobe(path, { symbol: 'twice', attachMode: 'link' })).toThrow(
      /attachMode to link: the installed libbpf has no attach modes. Install libbpf 1.2/,
    )
  })

  test.runIf(libbpfIsAtLeast(1, 2))('by the mode that is asked for (libbpf 1.2)', async () => {
    const { progs, bss } = await load('probe')
    const started = start()
    for (const attachMode of ['perf', 'link', 'legacy'] as const) {
      const link = progs.probe.attachUprobe(path, { symbol: 'twice', attachMode })
      await started.call()
      link.destroy()
    }
    expect(bss.hits).toBe(3n)
  })
})

/** Where the counter of `probed:call` is: its section begins at a page of the file. */
function semaphore(): number {
  const elf = readFileSync(path)
  const view = new DataView(elf.buffer, elf.byteOffset, elf.length)
  const table = Number(view.getBigUint64(40, true))
  const headers = Array.from({ length: view.getUint16(60, true) }, (_, index) => table + 64 * index)
  const names = Number(view.getBigUint64((headers[view.getUint16(62, true)] ?? 0) + 24, true))
  const header = headers.find((at) => {
    const name = names + view.getUint32(at, true)
    return elf.toString('latin1', name, name + 8) === '.probes\0'
  })
  return Number(view.getBigUint64((header ?? 0) + 24, true))
}

describeInKernel('many uprobes at once', () => {
  describe.skipIf(release < 606)('(Linux 6.6)', () => {
    test('by offsets, with a cookie each', async () => {
      const { progs, bss } = await load('many')
      const [one, two] = [start(), start()]
      const offsets = ['twice', 'thrice'].map((name) => binary?.offsetOf(name) ?? 0)
      const link = progs.many.attachUprobeMulti(path, offsets, { cookies: [10, 200], pid: one.pid })
      await one.call()
      await two.call()
      expect([bss.hits, bss.value, bss.cookie]).toEqual([2n, 2n, 210n])
      if (release >= 608) {
        expect(link.info).toMatchObject({ type: 'uprobe_multi', path, count: 2, pid: one.pid })
      }
      link.destroy()
      await one.call()
      expect(bss.hits).toBe(2n)
      expect(() => progs.many.attachUprobeMulti(path, [])).toThrow(RangeError)
      expect(() => progs.many.attachUprobeMulti(path, offsets, { cookies: [1] })).toThrow(
        /cookies must have one value for each of the 2 functions, not 1/,
      )
      expect(() => progs.many.attachUprobeMulti(path, 't*', { cookies: [1] })).toThrow(TypeError)
    })

    test('by names and patterns', async () => {
      const { progs, bss } = await load('many')
      const started = start()
      progs.many.attachUprobeMulti(path, ['thrice', 'twice'], { cookies: [1, 10] })
      await started.call()
      expect([bss.hits, bss.cookie]).toEqual([2n, 11n])
      progs.many.attachUprobeMulti(path, 't*ice')
      await started.call()
      expect(bss.hits).toBe(6n)
    })

    test('only of programs that are loaded for it', async () => {
      const { progs } = await load('probe')
      expect(() => progs.probe.attachUprobeMulti(path, [0x1000])).toThrow(
        /Write SEC\("uprobe.multi"\), or set expectedAttachType to 48 before load\(\)/,
      )
    })

    test('a section that names a target is followed, whatever libbpf knows', async () => {
      const opened = await load('told')
      expect(() => opened.attach()).toThrow(expect.objectContaining({ code: 'ENOENT' }))
      opened.progs.told.autoattach = false
      opened.attach()
      expect(opened.progs.told.type).toBe(2)
    })
  })
})

/** What usdt.bpf.h and libbpf say to each other through maps, they may change together. */
function headersMatch(): boolean {
  const header = readFileSync('/usr/include/bpf/libbpf_version.h', 'utf8')
  const minor = Number(/LIBBPF_MINOR_VERSION (\d+)/.exec(header)?.[1])
  return libbpfIsAtLeast(1, minor) && !libbpfIsAtLeast(1, minor + 1)
}

describeInKernel('USDT probes', () => {
  const lacks = !hasSdt || !headersMatch()
  test.skipIf(lacks)(
    "give their arguments (sys/sdt.h; usdt.bpf.h of libbpf's version)",
    async () => {
      const { progs, bss } = await load('marked')
      const [one, two] = [start(), start()]
      const link = progs.marked.attachUsdt(path, 'probed', 'call', { cookie: 99, pid: one.pid })
      expect(() => link.fd).toThrow(expect.objectContaining({ code: 'ERR_BPF_UNSUPPORTED' }))
      expect(() => link.pin('/sys/fs/bpf/never')).toThrow(/EOPNOTSUPP/)
      expect(await one.call()).toBe('5 1')
      await two.call()
      expect([bss.hits, bss.argument, bss.value, bss.cookie]).toEqual([1n, 1, 5n, 99n])
      link.destroy()
      expect(await one.call()).toBe('10 0')
      progs.marked.attachUsdt(two.pid, 'probed', 'call')
      await two.call()
      expect([bss.hits, bss.argument, bss.value]).toEqual([2n, 2, 10n])
      expect(() => progs.marked.attachUsdt(path, 'probed', 'none')).toThrow(
        /attach program marked of test_bpf to USDT probed:none of .*probed: /,
      )
    },
  )
})

describeInKernel('kprobes', () => {
  test.skipIf(hasKprobes)('say what the kernel lacks', async () => {
    const { progs } = await load('generic')
    expect(() => progs.generic.attachKprobe('do_exit')).toThrow(
      /attach program generic of test_bpf to do_exit: .*This kernel has no kprobes \(CONFIG_KPROBES.*ENOENT/s,
    )
    expect(() => progs.generic.attachKsyscall('getppid')).toThrow(/This kernel has no kprobes/)
    const many = await load('kmany')
    expect(() => many.progs.kmany.attachKprobeMulti(['do_exit'])).toThrow(
      /attach program kmany of test_bpf to 1 functions: .*CONFIG_FPROBE/s,
    )
  })

  describe.skipIf(!hasKprobes)('(CONFIG_KPROBES)', () => {
    test('at a function, at its return, at a system call', async () => {
      const { progs, bss } = await load('generic', process.pid)
      const link = progs.generic.attachKprobe(`__${process.arch}_sys_getppid`, { cookie: 3 })
      void process.ppid
      expect([bss.hits, bss.cookie]).toEqual([1n, 3n])
      link.destroy()
      progs.generic.attachKsyscall('getppid')
      void process.ppid
      expect(bss.hits).toBe(2n)
    })
  })
})

describeInKernel('what attaches at function entries', () => {
  const sections = ['fentry/do_exit', 'fexit/do_exit', 'lsm/file_open']
  test.for(sections)(
    '%s: a kernel that refuses it is what the error names',
    async (section, { skip }) => {
      const { default: skel } = await build<SkeletonInstance>(
        `SEC("${section}") int refused(void *ctx) { return 0; }`,
      )
      const opened = skel.open()
      onTestFinished(() => opened.destroy())
      try {
        opened.load()
      } catch (error) {
        expect(error).toMatchObject({
          code: 'EPERM',
          object: 'program refused of test_bpf',
          hint: expect.stringMatching(
            /the kernel itself refuses what attaches at function entries/,
          ) as string,
        })
        return
      }
      skip('this kernel takes it')
    },
  )
})
