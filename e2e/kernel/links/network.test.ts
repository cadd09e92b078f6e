import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync, readlinkSync, rmSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { close } from '../../../src/runtime/ffi/libc.ts'
import { fromLibc } from '../../../src/runtime/ffi/library.ts'
import { setSocketOption } from '../../../src/runtime/ffi/socket.ts'
import type { SockMap, SkeletonInstance } from '../../../src/runtime/index.ts'
import type {
  flowDissectorProgram,
  netfilterProgram,
  schedClsProgram,
  skLookupProgram,
  skReuseportProgram,
  sockmapProgram,
  socketFilterProgram,
  xdpProgram,
} from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'
import { netkit } from '../netkit.ts'
import { ip, ownNetwork, veth } from '../netns.ts'
import { frame, transmit } from '../packets.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'

const source = `
#include <stddef.h>
#include <bpf/bpf_endian.h>
__u64 hits[8];
__u32 order[8];
__u32 runs;
__u16 port;
__u32 length;

#define EXPERIMENTAL 0x88b5
#define COUNT(n) __sync_fetch_and_add(&hits[n], 1)

static int ours(struct __sk_buff *skb, int n)
{
	if (skb->protocol != bpf_htons(EXPERIMENTAL))
		return -1;
	COUNT(n);
	__u32 at = runs++;
	if (at < 8)
		order[at] = n;
	return -1;
}

static int is_ours(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	return data + 14 <= end && *(__u16 *)(data + 12) == bpf_htons(EXPERIMENTAL);
}

SEC("xdp") int pass(struct xdp_md *ctx) { if (is_ours(ctx)) COUNT(0); return XDP_PASS; }
SEC("xdp") int drop(struct xdp_md *ctx) { if (!is_ours(ctx)) return XDP_PASS; COUNT(1); return XDP_DROP; }
SEC("tc") int first(struct __sk_buff *skb) { return ours(skb, 2); }
SEC("tc") int second(struct __sk_buff *skb) { return ours(skb, 3); }
SEC("tc") int third(struct __sk_buff *skb) { return ours(skb, 7); }
SEC("tcx/egress") int out(struct __sk_buff *skb) { return ours(skb, 4); }
SEC("netkit/peer") int peer(struct __sk_buff *skb) { return ours(skb, 5); }
SEC("netkit/primary") int primary(struct __sk_buff *skb) { return ours(skb, 6); }
SEC("socket") int all(struct __sk_buff *skb) { COUNT(6); return skb->len; }
SEC("socket") int none(struct __sk_buff *skb) { COUNT(7); return 0; }

SEC("netfilter")
int hook(void *ctx) { COUNT(0); return 1; }

SEC("flow_dissector")
int dissect(struct __sk_buff *skb)
{
	struct bpf_flow_keys *keys = skb->flow_keys;

	keys->n_proto = bpf_htons(0x0800);
	keys->thoff = 34;
	keys->dport = bpf_htons(7);
	return BPF_OK;
}

struct { __uint(type, BPF_MAP_TYPE_SOCKMAP); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } sockets SEC(".maps");

SEC("sk_lookup")
int lookup(struct bpf_sk_lookup *ctx)
{
	__u32 key = 0;
	struct bpf_sock *sk;
	long error;

	COUNT(0);
	if (ctx->local_port != port)
		return SK_PASS;
	sk = bpf_map_lookup_elem(&sockets, &key);
	if (!sk)
		return SK_PASS;
	COUNT(1);
	error = bpf_sk_assign(ctx, sk, 0);
	bpf_sk_release(sk);
	return error ? SK_DROP : SK_PASS;
}

SEC("sk_msg")
int message(struct sk_msg_md *ctx) { COUNT(2); length = ctx->size; return SK_PASS; }
SEC("sk_skb/stream_parser")
int parse(struct __sk_buff *skb) { COUNT(3); return skb->len; }
SEC("sk_skb/stream_verdict")
int verdict(struct __sk_buff *skb) { COUNT(4); return SK_PASS; }
SEC("sk_skb")
int untold(struct __sk_buff *skb) { return SK_PASS; }
SEC("sk_reuseport")
int choose(struct sk_reuseport_md *ctx) { COUNT(5); return SK_PASS; }
`

type InstanceOf<C> = C extends new (...args: never[]) => infer P ? P : never
type SchedCls = InstanceOf<typeof schedClsProgram>
type Sockmap = InstanceOf<typeof sockmapProgram>
interface Test extends SkeletonInstance {
  maps: { sockets: SockMap }
  progs: {
    pass: InstanceOf<typeof xdpProgram>
    drop: InstanceOf<typeof xdpProgram>
    first: SchedCls
    second: SchedCls
    third: SchedCls
    out: SchedCls
    peer: SchedCls
    primary: SchedCls
    all: InstanceOf<typeof socketFilterProgram>
    none: InstanceOf<typeof socketFilterProgram>
    hook: InstanceOf<typeof netfilterProgram>
    dissect: InstanceOf<typeof flowDissectorProgram>
    lookup: InstanceOf<typeof skLookupProgram>
    message: Sockmap
    parse: Sockmap
    verdict: Sockmap
    untold: Sockmap
    choose: InstanceOf<typeof skReuseportProgram>
  }
  bss: { hits: bigint[]; order: number[]; runs: number; port: number; length: number }
}

/** With the programs of these names alone: older kernels lack types of others. */
async function load(...names: (keyof Test['progs'])[]): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  for (const [name, program] of Object.entries(opened.progs)) {
    program.autoload = names.includes(name as keyof Test['progs'])
  }
  return opened.load()
}

const privileged = process.platform === 'linux' && process.getuid?.() === 0
const hasNetwork = privileged && ownNetwork()
let pairs = 0

/** A pair of interfaces of a test's own. */
function pair(): [string, string] {
  const [near, far] = [`near${pairs}`, `far${pairs++}`]
  veth(near, far)
  return [near, far]
}

/** Two ends of a TCP connection. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [peer] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    client.destroy()
    peer.destroy()
    server.close()
  })
  return [client, peer]
}

const openSocket = fromLibc('int socket(int, int, int)')
const bind = fromLibc('int bind(int, memory, u32)')
const SO_REUSEPORT = 15

/** A UDP socket on a port of 127.0.0.1 that others may bind too: Node 20 makes none. */
function sharedSocket(): [fd: number, port: number] {
  const port = 2000 + pairs++
  const fd = openSocket(2, 2, 0)
  onTestFinished(() => void close(fd))
  expect(setSocketOption(fd, SO_REUSEPORT, 1)).toBe(0)
  const address = new DataView(new ArrayBuffer(16))
  address.setUint16(0, 2, true)
  address.setUint16(2, port)
  address.setUint32(4, 0x7f00_0001)
  expect(bind(fd, address.buffer, 16)).toBe(0)
  return [fd, port]
}

const clsactOf = (device: string): boolean =>
  spawnSync('tc', ['qdisc', 'show', 'dev', device], { encoding: 'utf8' }).stdout.includes('clsact')

describeInKernel('network programs', () => {
  describe.skipIf(!hasNetwork)('in a network namespace of their own (needs root)', () => {
    test('XDP: by mode, with an interface by name or index, one at a time, replaced in place', async () => {
      const [near, far] = pair()
      const { progs, bss } = await load('pass', 'drop')
      const link = progs.drop.attachXdp(far, { mode: 'generic' })
      transmit(near)
      expect(bss.hits.slice(0, 2)).toEqual([0n, 1n])
      expect(() => progs.pass.attachXdp(far, { mode: 'generic' })).toThrow(
        expect.objectContaining({
          code: 'EBUSY',
          hint: 'The interface already has a program: destroy its link, or update() it',
        }),
      )
      link.update(progs.pass)
      transmit(near)
      expect(bss.hits.slice(0, 2)).toEqual([1n, 1n])
      const { info } = link
      expect(info).toMatchObject({ type: 'xdp', programId: progs.pass.id, id: link.id })
      link.destroy()
      transmit(near)
      expect(bss.hits.slice(0, 2)).toEqual([1n, 1n])
      // veth has XDP in its driver.
      const { ifindex } = info.type === 'xdp' ? info : { ifindex: 0 }
      progs.pass.attachXdp(ifindex, { mode: 'native' })
      transmit(near)
      expect(bss.hits[0]).toBe(2n)
      expect(() => progs.drop.attachXdp(far, { mode: 'offload' })).toThrow(/in offload mode/)
      expect(() => progs.drop.attachXdp('no-such-if')).toThrow(
        /network interface no-such-if.*ENODEV/s,
      )
      expect(() => progs.drop.attachXdp({} as string)).toThrow(TypeError)
      expect(() => progs.drop.attachXdp(-1)).toThrow(RangeError)
      expect(() => progs.drop.attachXdp(far, { mode: 'fast' as 'native' })).toThrow(TypeError)
    })

    test('tc: makes the clsact discipline, and removes it with the last filter', async () => {
      const [near] = pair()
      const { progs, bss } = await load('first', 'second')
      expect(clsactOf(near)).toBe(false)
      const one = progs.first.attachTc(near, 'egress', { priority: 2 })
      const two = progs.second.attachTc(near, 'egress', { priority: 1, handle: 5 })
      expect(clsactOf(near)).toBe(true)
      transmit(near)
      expect(bss.order.slice(0, 2)).toEqual([3, 2])
      expect(one.info).toMatchObject({
        type: 'tc',
        direction: 'egress',
        priority: 2,
        handle: 1,
        programId: progs.first.id,
      })
      expect(two.info).toMatchObject({ priority: 1, handle: 5 })
      expect(() => one.fd).toThrow(expect.objectContaining({ code: 'ERR_BPF_UNSUPPORTED' }))
      expect(() => progs.first.attachTc(near, 'egress', { priority: 1, handle: 5 })).toThrow(
        expect.objectContaining({ code: 'EEXIST' }),
      )
      one.destroy()
      expect(clsactOf(near)).toBe(true)
      two.update(progs.first)
      transmit(near)
      expect(bss.hits.slice(2, 4)).toEqual([2n, 1n])
      two.destroy()
      expect(clsactOf(near)).toBe(false)
    })

    test('tc: leaves the discipline to filters of others, and filters that took its place', async () => {
      const [near] = pair()
      const { progs, bss } = await load('first', 'second')
      const link = progs.first.attachTc(near, 'ingress')
      const path = `/sys/fs/bpf/unplugin-bpf-test-${process.pid}`
      progs.second.pin(path)
      onTestFinished(() => rmSync(path, { force: true }))
      const words = `filter add dev ${near} egress pref 7 bpf da object-pinned ${path}`
      expect(spawnSync('tc', words.split(' '), { encoding: 'utf8' })).toMatchObject({ status: 0 })
      link.destroy()
      expect(clsactOf(near)).toBe(true)
      const mine = progs.first.attachTc(near, 'egress', { handle: 1, priority: 3 })
      const theirs = progs.second.attachTc(near, 'egress', {
        handle: 1,
        priority: 3,
        replace: true,
      })
      mine.destroy()
      transmit(near)
      expect(bss.hits.slice(2, 4)).toEqual([0n, 2n])
      theirs.destroy()
      transmit(near)
      expect(bss.hits[3]).toBe(3n)
      expect(() => progs.first.attachTc(near, { handle: 1 })).toThrow(
        /needs 'ingress' or 'egress' .* SEC\("tc"\) names neither/,
      )
    })

    test.skipIf(release < 606)('tcx: in the order of anchors (Linux 6.6)', async () => {
      const [near] = pair()
      const { progs, bss } = await load('first', 'second', 'third', 'out')
      const last = progs.first.attachTcx(near, 'egress')
      const middle = progs.out.attachTcx(near, { before: last })
      progs.second.attachTcx(near, 'egress', { before: progs.out })
      transmit(near)
      expect(bss.order.slice(0, 3)).toEqual([3, 4, 2])
      expect(last.info).toMatchObject({ type: 'tcx', attachType: 47 })
      middle.update(progs.third)
      expect(middle.info.programId).toBe(progs.third.id)
      middle.destroy()
      progs.out.attachTcx(near, { after: null })
      bss.runs = 0
      transmit(near)
      expect(bss.order.slice(0, 3)).toEqual([3, 2, 4])
      expect(() => progs.out.attachTcx(near, { expectedRevision: 1 })).toThrow(
        expect.objectContaining({ code: 'ESTALE' }),
      )
      expect(() => progs.first.attachTcx(near)).toThrow(
        /needs 'ingress' or 'egress' .* SEC\("tc"\) names neither/,
      )
      expect(() => progs.first.attachTcx(near, 'sideways' as 'egress')).toThrow(TypeError)
      expect(() => progs.out.attachTcx(near, { before: null, after: last })).toThrow(TypeError)
      expect(() => progs.out.attachTcx(near, { first: true } as object)).toThrow(/no option/)
    })

    const hasNetkit = hasNetwork && netkit('nk0', 'nk1')
    test.skipIf(!hasNetkit)('netkit: at either end (CONFIG_NETKIT, Linux 6.7)', async () => {
      ip('link set nk0 up')
      ip('link set nk1 up')
      const { progs, bss } = await load('primary', 'peer', 'third')
      const link = progs.primary.attachNetkit('nk0')
      const other = progs.peer.attachNetkit('nk0', 'peer')
      transmit('nk0')
      expect(bss.hits.slice(4, 7)).toEqual([0n, 0n, 1n])
      transmit('nk1')
      expect(bss.hits.slice(4, 7)).toEqual([0n, 1n, 1n])
      expect(link.info).toMatchObject({ type: 'netkit', attachType: 54 })
      expect(other.info).toMatchObject({ type: 'netkit', attachType: 55 })
      other.destroy()
      transmit('nk1')
      expect(bss.hits[5]).toBe(1n)
    })

    test.skipIf(release < 607)('netkit: only its interfaces (Linux 6.7)', async () => {
      const { progs } = await load('primary')
      expect(() => progs.primary.attachNetkit('lo')).toThrow(
        / to primary of lo: .*netkit needs Linux 6.7 and the primary interface/s,
      )
    })

    test('socket filter: what an interface receives and sends', async () => {
      const [near, far] = pair()
      const { progs, bss } = await load('all', 'none')
      const link = progs.all.attachSocketFilter(near)
      const before = bss.hits[6] ?? 0n
      transmit(near)
      transmit(far)
      expect((bss.hits[6] ?? 0n) - before).toBeGreaterThanOrEqual(2n)
      link.destroy()
      const after = bss.hits[6]
      transmit(near)
      expect(bss.hits[6]).toBe(after)
      expect(() => progs.all.attachSocketFilter('no-such-if')).toThrow(/ENODEV/)
    })

    test('socket filter: what a socket of Node receives, until the link ends', async () => {
      const { progs, bss } = await load('all', 'none')
      const receiver = createSocket('udp4').bind(0, '127.0.0.1')
      const sender = createSocket('udp4')
      onTestFinished(() => void sender.close())
      expect(() => progs.all.attachSocketFilter(sender)).toThrow(/has no descriptor/)
      await once(receiver, 'listening')
      const heard: string[] = []
      receiver.on('message', (bytes) => heard.push(String(bytes)))
      const say = async (text: string, program: number): Promise<void> => {
        const before = bss.hits[program] ?? 0n
        sender.send(text, receiver.address().port, '127.0.0.1')
        await expect.poll(() => bss.hits[program]).toBe(before + 1n)
      }
      const link = progs.none.attachSocketFilter(receiver)
      await say('lost', 7)
      link.update(progs.all)
      await say('heard', 6)
      link.destroy()
      sender.send('free', receiver.address().port, '127.0.0.1')
      await expect.poll(() => heard).toEqual(['heard', 'free'])
      expect(bss.hits.slice(6, 8)).toEqual([1n, 1n])
      // A closed one is left alone: its number may be another's by now.
      const late = progs.all.attachSocketFilter(receiver)
      receiver.close()
      late.destroy()
      const file = openSync('/dev/null', 'r')
      onTestFinished(() => closeSync(file))
      expect(() => progs.all.attachSocketFilter(file)).toThrow(TypeError)
    })

    test.skipIf(release < 604)('netfilter: by hook and priority (Linux 6.4)', async () => {
      const { progs, bss } = await load('hook')
      const at = { pf: 'ipv4', hooknum: 'local_out', priority: -128 } as const
      const link = progs.hook.attachNetfilter(at)
      const socket = createSocket('udp4')
      onTestFinished(() => void socket.close())
      socket.send('x', 9, '127.0.0.1')
      await expect.poll(() => bss.hits[0]).toBeGreaterThan(0n)
      expect(link.info).toMatchObject({ type: 'netfilter', pf: 2, hooknum: 3, priority: -128 })
      expect(() => progs.hook.attachNetfilter(at)).toThrow(
        expect.objectContaining({ code: 'EBUSY' }),
      )
      link.destroy()
      progs.hook.attachNetfilter({ ...at, pf: 'ipv6' }).destroy()
      expect(() => progs.hook.attachNetfilter({ ...at, priority: 2 ** 31 })).toThrow(RangeError)
      expect(() => progs.hook.attachNetfilter({ ...at, pf: 'ipx' as 'ipv4' })).toThrow(TypeError)
    })

    test('sk_lookup: leads connections to a socket, in this network namespace', async () => {
      const { progs, bss, maps } = await load('lookup')
      const server = createServer((socket) => socket.end('here')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => void server.close())
      maps.sockets.set(0, server)
      bss.port = 7
      const link = progs.lookup.attachNetns('/proc/self/ns/net')
      const client = connect(7, '127.0.0.1')
      expect(String((await once(client, 'data'))[0])).toBe('here')
      expect(bss.hits[1]).toBe(1n)
      const netnsInode = Number(/\d+/.exec(readlinkSync('/proc/thread-self/ns/net'))?.[0])
      expect(link.info).toMatchObject({ type: 'netns', attachType: 36, netnsInode })
      link.destroy()
      await expect(once(connect(7, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED')
      expect(() => progs.lookup.attachNetns('no-such-name')).toThrow(/\/run\/netns\/no-such-name/)
    })

    test('sk_lookup: runs on a context of ours', async () => {
      const { progs } = await load('lookup')
      progs.lookup.attachNetns('/proc/thread-self/ns/net')
      const ctx = new Uint8Array(72)
      const view = new DataView(ctx.buffer)
      view.setUint32(8, 2, true)
      view.setUint32(12, 6, true)
      view.setUint32(48, 80, true)
      const { retval } = progs.lookup.testRun({ ctx })
      expect(retval).toBe(1)
    })

    test('flow dissector: in a network namespace, and on a packet of ours', async () => {
      const { progs } = await load('dissect')
      const { data, retval } = progs.dissect.testRun({ data: frame(64, 0x0800) })
      const keys = new DataView(data.buffer)
      expect([retval, keys.getUint16(2, true), keys.getUint16(10)]).toEqual([0, 34, 0x0800])
      const link = progs.dissect.attachNetns('/proc/thread-self/ns/net')
      expect(link.info).toMatchObject({ type: 'netns', attachType: 17 })
    })

    test('sockmap: sees what its sockets send and receive', async () => {
      const { progs, bss, maps } = await load('message', 'parse', 'verdict', 'untold')
      const [client, peer] = await connection()
      const link = progs.message.attachSockmap(maps.sockets)
      maps.sockets.set(0, client)
      client.write('twelve bytes')
      expect(String((await once(peer, 'data'))[0])).toBe('twelve bytes')
      expect([bss.hits[2], bss.length]).toEqual([1n, 12])
      if (release >= 610) expect(link.info).toMatchObject({ type: 'sockmap', attachType: 7 })
      link.destroy()
      // Sockets keep what the map had when they came into it.
      const [later, laterPeer] = await connection()
      progs.parse.attachSockmap(maps.sockets)
      progs.verdict.attachSockmap(maps.sockets)
      maps.sockets.set(1, laterPeer)
      later.write('seen')
      await expect.poll(() => bss.hits.slice(2, 5)).toEqual([1n, 1n, 1n])
      expect(() => progs.untold.attachSockmap(maps.sockets)).toThrow(
        /Name the attach type: SEC\("sk_skb\/stream_verdict"\)/,
      )
    })

    test('reuseport: chooses among sockets of one port', async () => {
      const { progs, bss } = await load('choose')
      const [socket, port] = sharedSocket()
      const link = progs.choose.attachReuseport(socket)
      const sender = createSocket('udp4')
      onTestFinished(() => void sender.close())
      sender.send('x', port, '127.0.0.1')
      await expect.poll(() => bss.hits[5]).toBe(1n)
      link.destroy()
      await new Promise((resolve) => sender.send('x', port, '127.0.0.1', resolve))
      expect(bss.hits[5]).toBe(1n)
      // Node's own do not share their port.
      expect(() => progs.choose.attachReuseport(sender)).toThrow(
        /attach program choose of \w+ to sockets of one port/,
      )
    })
  })
})
