import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { expect, onTestFinished, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import type { Links, Program, SkeletonInstance, StructOpsMap } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { congestedBytes } from '../congestion.ts'
import { describeInKernel } from '../permitted.ts'

/** Names are unique in the kernel, so each run has other names. */
const tag = randomBytes(3).toString('hex')

const source = (section: string): string => `
struct sock;
struct tcp_congestion_ops {
	__u32 flags;
	void (*init)(struct sock *sk);
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	void *owner;
};
__u64 started, avoided;
SEC("struct_ops/init") void BPF_PROG(started_by, struct sock *sk) { started++; }
SEC("struct_ops/ssthresh") __u32 BPF_PROG(threshold, struct sock *sk) { return 10; }
SEC("struct_ops/cong_avoid") void BPF_PROG(avoid, struct sock *sk, __u32 ack, __u32 acked) { avoided += acked; }
SEC("struct_ops/undo_cwnd") __u32 BPF_PROG(undo, struct sock *sk) { return 10; }
SEC("?struct_ops/undo_cwnd") __u32 BPF_PROG(undo_more, struct sock *sk) { return 20; }
#define CONTROL { .init = (void *)started_by, .ssthresh = (void *)threshold, .cong_avoid = (void *)avoid, .undo_cwnd = (void *)undo, .name = "js_${tag}" }
SEC("${section}") struct tcp_congestion_ops control = CONTROL;
SEC("${section}") struct tcp_congestion_ops successor = CONTROL;
`

interface Control extends SkeletonInstance {
  maps: Record<'control' | 'successor', StructOpsMap>
  progs: Record<'started_by' | 'threshold' | 'avoid' | 'undo' | 'undo_more', Program>
  links: Links<'control' | 'successor'>
  struct_ops: Record<
    'control' | 'successor',
    { flags: number; init: Program | null; undo_cwnd: Program | null }
  >
  bss: { started: bigint; avoided: bigint }
}

async function open(section: string): Promise<Control> {
  const { default: skel } = await build<Control>(source(section))
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

function isRegistered(): boolean {
  const available = '/proc/sys/net/ipv4/tcp_available_congestion_control'
  return readFileSync(available, 'utf8').split(/\s+/).includes(`js_${tag}`)
}

const shows = libbpfIsAtLeast(1, 4)
const links = libbpfIsAtLeast(1, 2)
/** Two struct_ops of the same name: attach() must register only the first. */
async function loaded(section: string): Promise<Control> {
  const skel = await open(section)
  skel.maps.successor.autoattach = false
  return skel.load()
}

describeInKernel('struct_ops', () => {
  test('appear in maps, links and struct_ops', async () => {
    const skel = await open('.struct_ops')
    expect(Object.keys(skel).slice(0, 4)).toEqual(['maps', 'struct_ops', 'progs', 'links'])
    expect(Object.keys(skel.struct_ops)).toEqual(['control', 'successor'])
    const fields = ['flags', 'init', 'ssthresh', 'cong_avoid', 'undo_cwnd']
    expect(Object.keys(skel.struct_ops.control)).toEqual(fields)
    expect(Object.keys(skel.links)).toEqual(expect.arrayContaining(['control', 'successor']))
    expect(() => Object.assign(skel.struct_ops.control, { name: 'x' })).toThrow(TypeError)
    expect(() => structuredClone(skel.struct_ops.control)).toThrow(/could not be cloned/)
  })

  test('attach() registers them, and detach() unregisters them', async () => {
    const skel = await loaded('.struct_ops')
    expect(isRegistered()).toBe(false)
    skel.attach()
    expect(isRegistered()).toBe(true)
    expect(skel.links.successor).toBe(null)
    const link = skel.links.control
    expect(skel.attach().links.control).toBe(link)
    expect(await congestedBytes(`js_${tag}`)).toBe(0)
    expect(skel.bss.started).toBe(1n)
    expect(skel.bss.avoided).toBeGreaterThan(0n)
    skel.detach()
    expect(isRegistered()).toBe(false)
    expect(link?.destroyed).toBe(true)
  })

  test('without .link there is no link that the kernel knows', async () => {
    const skel = await loaded('.struct_ops')
    const link = skel.maps.control.attachStructOps()
    expect(() => link.id).toThrow(/SEC\("\.struct_ops\.link"\) makes one/)
    expect(() => link.update(skel.maps.successor)).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    )
    expect(() => skel.maps.successor.attachStructOps()).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    )
    skel.destroy()
    expect(isRegistered()).toBe(false)
  })

  test.skipIf(!links)('with .link they can be updated (libbpf 1.2)', async () => {
    const skel = (await loaded('.struct_ops.link')).attach()
    const link = skel.links.control
    expect(link?.id).toBeGreaterThan(0)
    link?.update(skel.maps.successor)
    expect(isRegistered()).toBe(true)
    expect(() => link?.update(skel.progs.undo)).toThrow(/takes another struct_ops map/)
    link?.destroy()
    expect(isRegistered()).toBe(false)
  })

  test.skipIf(links)('with .link, an older libbpf cannot open them', async () => {
    await expect(open('.struct_ops.link')).rejects.toThrow(
      expect.objectContaining({
        code: 'ERR_BPF_UNSUPPORTED',
        message: expect.stringMatching(/SEC\("\.struct_ops\.link"\).*libbpf 1\.2/),
      }),
    )
  })

  test.skipIf(shows)('cannot be set with an older libbpf', async () => {
    const skel = await open('.struct_ops')
    expect(() => skel.struct_ops.control.flags).toThrow(/libbpf 1\.4/)
    expect(() => (skel.struct_ops.control.init = null)).toThrow(/libbpf 1\.4/)
  })

  test.skipIf(!shows)('scalars and functions can be set until load (libbpf 1.4)', async () => {
    const skel = await open('.struct_ops')
    const { struct_ops, progs } = skel
    const { control } = struct_ops
    expect(control.init).toBe(progs.started_by)
    control.init = null
    control.undo_cwnd = progs.undo_more
    control.flags = 2
    expect(() => (control.flags = -1)).toThrow(RangeError)
    expect(() => Object.assign(control, { init: 1 })).toThrow(/SEC\("struct_ops"\) program/)
    const other = await open('.struct_ops')
    expect(() => (control.init = other.progs.started_by)).toThrow(/of the same skeleton instance/)
    skel.maps.successor.autocreate = false
    skel.load().attach()
    expect(() => progs.started_by.fd).toThrow(/its autoload is false/)
    expect(progs.undo_more.fd).toBeGreaterThan(0)
    expect(await congestedBytes(`js_${tag}`)).toBe(0)
    expect(skel.bss.started).toBe(0n)
    expect(skel.bss.avoided).toBeGreaterThan(0n)
    expect([control.flags, control.init, control.undo_cwnd]).toEqual([2, null, progs.undo_more])
    expect(() => (control.flags = 1)).toThrow(/between open\(\) and load\(\)/)
    expect(() => (control.init = null)).toThrow(/between open\(\) and load\(\)/)
    skel.destroy()
    expect(() => control.init).toThrow(/was destroyed/)
  })

  test.skipIf(!shows)(
    'SEC("?…") leaves them out unless autocreate is on (libbpf 1.4)',
    async () => {
      const skel = await open('?.struct_ops.link')
      expect(skel.maps.control.autocreate).toBe(false)
      skel.maps.control.autocreate = true
      // libbpf 1.8 applies the ? to the first variable alone (libbpf.c: init_struct_ops_maps).
      skel.maps.successor.autocreate = false
      skel.load().attach()
      expect(isRegistered()).toBe(true)
      expect(skel.links.successor).toBe(null)
      expect(() => skel.maps.successor.attachStructOps()).toThrow(/autocreate is off/)
    },
  )

  test.skipIf(shows)('an older libbpf refuses one of whose programs none is loaded', async () => {
    const skel = await open('.struct_ops')
    for (const program of Object.values(skel.progs)) program.autoload = false
    expect(() => skel.load()).toThrow(/autoload is off for all struct_ops programs/)
    skel.destroy()
  })

  test('a program that no struct names is refused, and the error says how to attach it', async () => {
    const skel = await open('.struct_ops')
    skel.progs.undo_more.autoload = true
    expect(() => skel.load()).toThrow(
      /undo_more.*(SEC\("\.struct_ops"\)|isn't referenced anywhere)/,
    )
    const other = await loaded('.struct_ops')
    expect(() => other.progs.undo.attach()).toThrow(/through a struct: attach\(\) the skeleton/)
  })
})
