import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { type AddressInfo, connect, createServer } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { close } from '../../../src/runtime/ffi/libc.ts'
import { fromLibc } from '../../../src/runtime/ffi/library.ts'
import { setSocketOption } from '../../../src/runtime/ffi/socket.ts'
import type { Link, SkeletonInstance } from '../../../src/runtime/index.ts'
import type { cgroupProgram, cgroupSkbProgram } from '../../../src/runtime/internal.ts'
import { build } from '../build.ts'
import { cgroupRoot, enterCgroup, makeCgroup } from '../cgroup.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'

/** Each lets everything happen, and counts it. */
const kinds = {
  ingress: ['cgroup_skb/ingress', '__sk_buff'],
  egress: ['cgroup_skb/egress', '__sk_buff'],
  created: ['cgroup/sock_create', 'bpf_sock'],
  released: ['cgroup/sock_release', 'bpf_sock'],
  bound: ['cgroup/bind4', 'bpf_sock_addr'],
  post_bound: ['cgroup/post_bind4', 'bpf_sock'],
  sent: ['cgroup/sendmsg4', 'bpf_sock_addr'],
  received: ['cgroup/recvmsg4', 'bpf_sock_addr'],
  named: ['cgroup/getsockname4', 'bpf_sock_addr'],
  peer_named: ['cgroup/getpeername4', 'bpf_sock_addr'],
  read: ['cgroup/sysctl', 'bpf_sysctl'],
  option_set: ['cgroup/setsockopt', 'bpf_sockopt'],
  device: ['cgroup/dev', 'bpf_cgroup_dev_ctx'],
  operation: ['sockops', 'bpf_sock_ops'],
} as const

const source = `
#include <bpf/bpf_endian.h>
const volatile __u16 from_port = 0, to_port = 0;
__u64 hits[32];
__u32 order[4];
__u32 runs;

${Object.entries(kinds)
  .map(
    ([name, [section, context]], index) =>
      `SEC("?${section}") int ${name}(struct ${context} *ctx) { __sync_fetch_and_add(&hits[${index}], 1); return 1; }`,
  )
  .join('\n')}

SEC("?cgroup/connect4")
int redirect(struct bpf_sock_addr *ctx)
{
	if (ctx->user_port == bpf_htons(from_port))
		ctx->user_port = bpf_htons(to_port);
	return 1;
}

static int at(__u32 n) { __u32 i = runs++; if (i < 4) order[i] = n; return 1; }
SEC("?cgroup/sock_create") int one(struct bpf_sock *ctx) { return at(1); }
SEC("?cgroup/sock_create") int two(struct bpf_sock *ctx) { return at(2); }
SEC("?cgroup/sock_create") int three(struct bpf_sock *ctx) { return at(3); }
`

type InstanceOf<C> = C extends new (...args: never[]) => infer P ? P : never
type Cgroup = InstanceOf<typeof cgroupProgram>
type Kind = keyof typeof kinds
type Skb = 'ingress' | 'egress'
interface Test extends SkeletonInstance {
  progs: Record<Exclude<Kind, Skb> | 'redirect' | 'one' | 'two' | 'three', Cgroup> &
    Record<Skb, InstanceOf<typeof cgroupSkbProgram>>
  rodata: { from_port: number; to_port: number }
  bss: { hits: bigint[]; order: number[]; runs: number }
}

async function open(...names: (keyof Test['progs'])[]): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  for (const name of names) opened.progs[name].autoload = true
  return opened
}

const socket = fromLibc('int socket(int, int, int)')
const SO_KEEPALIVE = 9

/** Runs the programs of socket creation once: Node's own may make several. */
function makeSocket(): void {
  close(socket(2, 2, 0))
}

/** What each kind of program is called for. */
const acts: Record<Kind, () => void | Promise<void>> = {
  ingress: datagram,
  egress: datagram,
  created: makeSocket,
  released: makeSocket,
  bound: datagram,
  post_bound: datagram,
  sent: datagram,
  received: datagram,
  named: datagram,
  peer_named: async () => {
    const server = createServer((peer) => peer.end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
    await once(client, 'connect')
    expect(client.remotePort).toBeGreaterThan(0)
    client.destroy()
    server.close()
  },
  read: () => void readFileSync('/proc/sys/kernel/ostype'),
  option_set: () => {
    const fd = socket(2, 1, 0)
    setSocketOption(fd, SO_KEEPALIVE, 1)
    close(fd)
  },
  device: () => closeSync(openSync('/dev/null', 'r')),
  operation: () => acts.peer_named(),
}

async function datagram(): Promise<void> {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const sender = createSocket('udp4')
  sender.send('x', receiver.address().port, '127.0.0.1')
  await once(receiver, 'message')
  sender.close()
  receiver.close()
}

describeInKernel('cgroup programs', () => {
  describe.skipIf(!cgroupRoot)('in a cgroup of their own (cgroup2 is mounted)', () => {
    test.for(Object.keys(kinds) as Kind[])(
      '%s: runs for this process there, until its link ends',
      async (kind) => {
        const { progs, bss } = (await open(kind)).load()
        const index = Object.keys(kinds).indexOf(kind)
        const path = makeCgroup()
        enterCgroup(path)
        const link: Link = progs[kind].attachCgroup(path)
        expect(link.info).toMatchObject({
          type: 'cgroup',
          cgroupId: statSync(path, { bigint: true }).ino,
          attachType: progs[kind].expectedAttachType,
        })
        await acts[kind]()
        await expect.poll(() => bss.hits[index]).toBeGreaterThan(0n)
        link.destroy()
        const after = bss.hits[index]
        await acts[kind]()
        expect(bss.hits[index]).toBe(after)
      },
    )

    test('connections are led elsewhere', async () => {
      const server = createServer((peer) => peer.end('here')).listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => void server.close())
      const opened = await open('redirect')
      opened.rodata.from_port = 7
      opened.rodata.to_port = (server.address() as AddressInfo).port
      const { progs } = opened.load()
      const path = makeCgroup()
      enterCgroup(path)
      const fd = openSync(path, 'r')
      const link = progs.redirect.attachCgroup(fd)
      closeSync(fd)
      const client = connect(7, '127.0.0.1')
      expect(String((await once(client, 'data'))[0])).toBe('here')
      link.destroy()
      await expect(once(connect(7, '127.0.0.1'), 'connect')).rejects.toThrow('ECONNREFUSED')
    })

    test('several run in order, each replaceable in place', async () => {
      const { progs, bss } = (await open('one', 'two', 'three')).load()
      const path = makeCgroup()
      enterCgroup(path)
      const one = progs.one.attachCgroup(path)
      progs.two.attachCgroup(path)
      makeSocket()
      expect(bss.order.slice(0, 2)).toEqual([1, 2])
      one.update(progs.three)
      bss.runs = 0
      makeSocket()
      expect(bss.order.slice(0, 2)).toEqual([3, 2])
    })

    test.skipIf(release < 616)('in the order of anchors (Linux 6.16)', async () => {
      const { progs, bss } = (await open('one', 'two', 'three')).load()
      const path = makeCgroup()
      enterCgroup(path)
      const one = progs.one.attachCgroup(path)
      const two = progs.two.attachCgroup(path, { before: one })
      progs.three.attachCgroup(path, { after: two })
      makeSocket()
      expect(bss.order.slice(0, 3)).toEqual([2, 3, 1])
      const other = makeCgroup()
      enterCgroup(other)
      progs.one.attachCgroup(other, { mode: 'multi' })
      progs.two.attachCgroup(other, { mode: 'multi', before: progs.one })
      bss.runs = 0
      makeSocket()
      expect(bss.order.slice(0, 2)).toEqual([2, 1])
      expect(() => progs.three.attachCgroup(other, { before: progs.one })).toThrow(
        /before and after need 6\.16, and a link \(with mode, a program/,
      )
      expect(() => progs.three.attachCgroup(path, { expectedRevision: 1 })).toThrow(
        expect.objectContaining({ code: 'ESTALE' }),
      )
    })

    test.skipIf(release < 615)(
      'before those of the groups inside, by preorder (Linux 6.15)',
      async () => {
        const { progs, bss } = (await open('one', 'two')).load()
        const outside = makeCgroup()
        const inside = makeCgroup(outside)
        enterCgroup(inside)
        const outer = progs.one.attachCgroup(outside)
        progs.two.attachCgroup(inside)
        makeSocket()
        expect(bss.order.slice(0, 2)).toEqual([2, 1])
        outer.destroy()
        progs.one.attachCgroup(outside, { preorder: true })
        bss.runs = 0
        makeSocket()
        expect(bss.order.slice(0, 2)).toEqual([1, 2])
      },
    )

    test('without a link: by mode, and in the place of another', async () => {
      const { progs, bss } = (await open('one', 'two', 'three')).load()
      const outside = makeCgroup()
      const inside = makeCgroup(outside)
      enterCgroup(inside)
      const exclusive = progs.one.attachCgroup(outside, { mode: 'exclusive' })
      expect(() => progs.two.attachCgroup(inside)).toThrow(
        expect.objectContaining({ code: 'EPERM' }),
      )
      exclusive.destroy()
      const override = progs.one.attachCgroup(outside, { mode: 'override' })
      const inner = progs.two.attachCgroup(inside, { mode: 'override' })
      makeSocket()
      expect([bss.runs, bss.order[0]]).toEqual([1, 2])
      inner.destroy()
      override.update(progs.three)
      makeSocket()
      expect([bss.runs, bss.order[1]]).toEqual([2, 3])
      override.destroy()
      const first = progs.one.attachCgroup(inside, { mode: 'multi' })
      progs.two.attachCgroup(inside, { mode: 'multi' })
      const third = progs.three.attachCgroup(inside, { replace: progs.one })
      bss.runs = 0
      makeSocket()
      expect([bss.runs, ...bss.order.slice(0, 2)]).toEqual([2, 3, 2])
      // What it attached is gone: nothing else is detached for it.
      first.destroy()
      third.update(progs.one)
      bss.runs = 0
      makeSocket()
      expect([bss.runs, ...bss.order.slice(0, 2)]).toEqual([2, 1, 2])
      expect(() => third.id).toThrow(/not a kernel link/)
      expect(() => third.pin('/sys/fs/bpf/never')).toThrow(/EOPNOTSUPP/)
    })

    test('what cannot be is refused', async () => {
      const { progs } = (await open('one')).load()
      expect(() => progs.one.attachCgroup('/no/such/cgroup')).toThrow(/ENOENT/)
      expect(() => progs.one.attachCgroup('/tmp')).toThrow(
        /attach program one of \w+ to cgroup \/tmp: .*\. \/tmp is not a directory of cgroup2: .* \(EBADF\)/,
      )
      expect(() => progs.one.attachCgroup('/tmp', { mode: 'multi' })).toThrow(
        /\. \/tmp is not a directory of cgroup2: .* \(EBADF\)/,
      )
      const path = makeCgroup()
      expect(() => progs.one.attachCgroup(path, { mode: 'many' as 'multi' })).toThrow(
        /mode must be one of multi, override, exclusive, not many/,
      )
      expect(() => progs.one.attachCgroup(path, { after: null, before: null })).toThrow(TypeError)
      expect(() => progs.one.attachCgroup(path, { replaces: progs.one } as object)).toThrow(
        /no option "replaces"/,
      )
    })
  })
})
