import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { libbpfIsAtLeast } from '../../../src/runtime/ffi/libbpf-version.ts'
import type { Link, Links } from '../../../src/runtime/index.ts'
import { cgroupRoot, makeCgroup } from '../cgroup.ts'
import { ownNetwork, veth } from '../netns.ts'
import { describeInKernel } from '../permitted.ts'
import { faster, source, start } from './edited.ts'

const ownsNetwork = ownNetwork()

/** Whether the kernel lists the congestion control of this process, which it registers by name. */
function isRegistered(): boolean {
  const available = '/proc/sys/net/ipv4/tcp_available_congestion_control'
  return readFileSync(available, 'utf8').split(/\s+/).includes(`js_hot_${process.pid}`)
}

describeInKernel('an edited program is attached as the agent attached the running one', () => {
  test.skipIf(!ownsNetwork)(
    `to interfaces, by an atomic update${ownsNetwork ? '' : ' (skipped: no network namespace of its own)'}`,
    async () => {
      veth('hot0', 'hot1')
      const { opened, edit } = await start(({ progs }) => {
        progs.pass.autoload = progs.classify.autoload = true
      })
      opened.links.pass = opened.progs.pass.attachXdp('hot0')
      const tc = opened.progs.classify.attachTc('hot0', 'ingress')
      const tcx = opened.progs.classify.attachTcx('hot1', 'egress')
      const ids = [opened.links.pass, tcx].map(({ id }) => id)
      const { doubleCounted } = await edit(faster)
      expect([opened.links.pass, tcx].map(({ id }) => id)).toEqual(ids)
      const programs = [opened.links.pass, tc, tcx].map(({ info }) => info.programId)
      const { pass, classify } = opened.progs
      expect(programs).toEqual([pass.id, classify.id, classify.id])
      expect(doubleCounted).toBe(0n)
    },
  )

  test.skipIf(!cgroupRoot)(
    `to a cgroup, by an atomic update${cgroupRoot ? '' : ' (skipped: no cgroup2)'}`,
    async () => {
      const cgroup = makeCgroup()
      const { opened, edit } = await start(({ progs }) => {
        progs.created.autoload = true
      })
      const link = opened.progs.created.attachCgroup(cgroup)
      const loose = opened.progs.created.attachCgroup(cgroup, { mode: 'multi' })
      expect(() => opened.progs.created.attachCgroup('/tmp')).toThrow(/not a directory of cgroup2/)
      const { id } = link
      await edit(faster)
      expect(link.id).toBe(id)
      const { id: program } = opened.progs.created as unknown as { id: number }
      expect(link.info.programId).toBe(program)
      loose.destroy()
      opened.destroy()
    },
  )

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
  test('as a struct_ops that the kernel takes once, after the old one is detached', async () => {
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
    `as a struct_ops with a link, by an atomic update${libbpfIsAtLeast(1, 4) ? '' : ' (skipped: needs libbpf 1.4)'}`,
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

  test('to a function, while the old one is attached too for a moment', async () => {
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
