import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'

import { expect, onTestFinished, test } from 'vitest'

import { fromLibc } from '../../../src/runtime/ffi/library.ts'
import type {
  ArrayMap,
  CgroupArray,
  CpuMap,
  DevMap,
  PerfEventArray,
  ProgArray,
  RawTracepointProgram,
  SkeletonInstance,
  SockHash,
  SockMap,
  XskMap,
} from '../../../src/runtime/index.ts'
import { dumpedBytes, shown } from '../bpftool.ts'
import { build } from '../build.ts'
import { cgroup2 } from '../cgroup2.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
#define SLOTS(name, kind, entries, k, v) struct { \\
	__uint(type, kind); __uint(max_entries, entries); __type(key, k); __type(value, v); } name SEC(".maps")
struct pair { __u32 a, b; };
SLOTS(results, BPF_MAP_TYPE_ARRAY, 4, __u32, __u64);
SLOTS(jumps, BPF_MAP_TYPE_PROG_ARRAY, 3, __u32, __u32);
int one(void *ctx), two(void *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, 4);
	__array(values, int(void *));
} initial SEC(".maps") = { .values = { [1] = (void *)&two } };
SLOTS(groups, BPF_MAP_TYPE_CGROUP_ARRAY, 2, __u32, __u32);
SLOTS(counters, BPF_MAP_TYPE_PERF_EVENT_ARRAY, 64, __u32, __u32);
SLOTS(devices, BPF_MAP_TYPE_DEVMAP, 4, __u32, __u32);
SLOTS(redirects, BPF_MAP_TYPE_DEVMAP_HASH, 4, __u32, struct bpf_devmap_val);
SLOTS(queues, BPF_MAP_TYPE_CPUMAP, 4, __u32, __u32);
SLOTS(threads, BPF_MAP_TYPE_CPUMAP, 4, __u32, struct bpf_cpumap_val);
SLOTS(xsks, BPF_MAP_TYPE_XSKMAP, 2, __u32, __u32);
SLOTS(sockets, BPF_MAP_TYPE_SOCKMAP, 4, __u32, __u64);
SLOTS(small, BPF_MAP_TYPE_SOCKMAP, 4, __u32, __u32);
SLOTS(by_pair, BPF_MAP_TYPE_SOCKHASH, 8, struct pair, __u32);
SLOTS(group, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, 4, __u32, __u64);

static void result(__u32 at, __u64 value) { bpf_map_update_elem(&results, &at, &value, 0); }

SEC("raw_tp/sys_enter")
int one(void *ctx) { result(0, 1); return 0; }
SEC("raw_tp/sys_enter")
int two(void *ctx) { result(0, 2); return 0; }
SEC("raw_tp/sys_enter")
int jump(void *ctx)
{
	result(0, 0);
	bpf_tail_call(ctx, &jumps, 1);
	return 0;
}
SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	struct bpf_perf_event_value value = {};

	result(0, bpf_current_task_under_cgroup(&groups, 0));
	result(1, bpf_current_task_under_cgroup(&groups, 1));
	result(2, bpf_perf_event_read_value(&counters, BPF_F_CURRENT_CPU, &value, sizeof(value)));
	result(3, value.counter);
	return 0;
}
SEC("xdp")
int other(void *ctx) { return XDP_PASS; }
SEC("xdp/devmap")
int on_device(void *ctx) { return XDP_PASS; }
SEC("xdp/cpumap")
int on_cpu(void *ctx) { return XDP_PASS; }
`

interface Target {
  bpf_prog: { fd: number; id: number }
}
interface Test extends SkeletonInstance {
  maps: {
    results: ArrayMap<bigint>
    jumps: ProgArray
    initial: ProgArray
    groups: CgroupArray
    counters: PerfEventArray<Uint8Array>
    devices: DevMap<number>
    redirects: DevMap<Target & { ifindex: number }>
    queues: CpuMap<number>
    threads: CpuMap<Target & { qsize: number }>
    xsks: XskMap
    sockets: SockMap
    small: SockMap
    by_pair: SockHash<{ a: number; b: number }>
    group: SockMap
  }
  progs: Record<
    'one' | 'two' | 'jump' | 'look' | 'other' | 'on_device' | 'on_cpu',
    RawTracepointProgram
  >
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

const code = (code: string): unknown => expect.objectContaining({ code })

describeInKernel('program arrays', () => {
  test('set the targets of tail calls', async () => {
    const { maps, progs } = await load()
    const { jumps, results } = maps
    const jump = (): bigint | undefined => {
      progs.jump.testRun()
      return results.get(0)
    }
    expect(jump()).toBe(0n)
    jumps.set(1, progs.one)
    expect(jump()).toBe(1n)
    jumps.set(1, progs.two.fd)
    expect(jump()).toBe(2n)
    expect(jumps.get(1)).toBe(progs.two.id)
    expect([jumps.has(1), jumps.has(0), jumps.get(2), jumps.size]).toEqual([
      true,
      false,
      undefined,
      1,
    ])
    expect([...jumps]).toEqual([[1, progs.two.id]])
    expect([jumps.delete(1), jumps.delete(1), jumps.delete(99)]).toEqual([true, false, false])
    expect(jump()).toBe(0n)
    jumps.set(0, progs.one).set(2, progs.two).clear()
    expect([...jumps.keys()]).toEqual([])
  })

  test('have the programs with which C initialises them', async () => {
    const { maps, progs } = await load()
    expect([...maps.initial]).toEqual([[1, progs.two.id]])
    expect([...maps.initial.drain()]).toEqual([[1, progs.two.id]])
    expect(maps.initial.size).toBe(0)
  })

  test('refuse programs of another type, and other objects', async () => {
    const { maps, progs } = await load()
    maps.jumps.set(0, progs.one)
    expect(() => maps.jumps.set(1, progs.other)).toThrow(code('EINVAL'))
    expect(() => maps.jumps.set(3, progs.one)).toThrow(code('E2BIG'))
    expect(() => maps.jumps.set(0, 'one' as never)).toThrow(/takes a program/)
    expect(() => maps.jumps.set(0, undefined as never)).toThrow(TypeError)
    expect(() => maps.jumps.set(0, maps.jumps as never)).toThrow(code('EINVAL'))
    expect(maps.jumps.get(0)).toBe(progs.one.id)
  })
})

describeInKernel('cgroup arrays', () => {
  test.skipIf(!cgroup2)('take cgroups by path or descriptor (cgroup2 is mounted)', async () => {
    const { maps, progs } = await load()
    const made = `${cgroup2}/unplugin-bpf-maps-${process.pid}`
    mkdirSync(made)
    onTestFinished(() => rmdirSync(made))
    maps.groups.set(0, cgroup2 ?? '').set(1, made)
    progs.look.testRun()
    expect([maps.results.get(0), maps.results.get(1)]).toEqual([1n, 0n])
    const fd = openSync(cgroup2 ?? '', 'r')
    maps.groups.set(1, fd)
    closeSync(fd)
    progs.look.testRun()
    expect(maps.results.get(1)).toBe(1n)
    expect([maps.groups.delete(1), maps.groups.delete(1)]).toEqual([true, false])
    expect(() => maps.groups.set(0, '/no/such/group')).toThrow(code('ENOENT'))
    expect(() => maps.groups.set(0, '/tmp')).toThrow(code('EBADF'))
    expect(() => maps.groups.set(0, {} as never)).toThrow(TypeError)
    maps.groups.clear()
    progs.look.testRun()
    expect(maps.results.get(0)).not.toBe(1n)
  })
})

describeInKernel('perf event arrays', () => {
  test('take counters, which programs read', async () => {
    const { maps, progs } = await load()
    progs.look.testRun()
    expect(maps.results.get(2)).not.toBe(0n)
    // PERF_COUNT_SW_CPU_CLOCK counts nanoseconds.
    for (let cpu = 0; cpu < 64; cpu++) {
      try {
        maps.counters.set(cpu, { type: 'software', config: 0 })
      } catch {
        break
      }
    }
    progs.look.testRun()
    const first = maps.results.get(3) ?? 0n
    progs.look.testRun()
    expect([maps.results.get(2), first > 0n]).toEqual([0n, true])
    expect([maps.counters.delete(0), maps.counters.delete(0)]).toEqual([true, false])
    expect(() => maps.counters.set(0, { type: 'none' as 'software' })).toThrow(TypeError)
    expect(() => maps.counters.set(0, { type: 'software', config: 99 })).toThrow(code('ENOENT'))
    expect(() => maps.counters.set(64, { type: 'software', pid: 'self' })).toThrow(code('E2BIG'))
    expect(() => maps.counters.set(0, 0)).toThrow(code('EBADF'))
  })
})

describeInKernel('device and CPU maps', () => {
  test('take interfaces by name or index, or a struct bpf_devmap_val', async () => {
    const { maps, progs } = await load()
    const { devices, redirects } = maps
    devices.set(0, 'lo').set(2, 1)
    expect([...devices]).toEqual([
      [0, 1],
      [2, 1],
    ])
    expect(dumpedBytes(devices)).toEqual([
      [
        [0, 0, 0, 0],
        [1, 0, 0, 0],
      ],
      [
        [2, 0, 0, 0],
        [1, 0, 0, 0],
      ],
    ])
    expect([devices.has(1), devices.delete(1), devices.delete(2), devices.delete(2)]).toEqual([
      false,
      false,
      true,
      false,
    ])
    redirects.set(77, 'lo').set(8, { ifindex: 1, bpf_prog: { fd: progs.on_device.fd } } as never)
    expect(redirects.get(77)).toEqual({ ifindex: 1, bpf_prog: { fd: 0, id: 0 } })
    expect(redirects.get(8)?.bpf_prog.id).toBe(progs.on_device.id)
    expect(() => redirects.set(77, 'lo', 'noexist')).toThrow(code('EEXIST'))
    expect([redirects.take(77)?.ifindex, redirects.size]).toEqual([1, 1])
    expect(shown(redirects)).toMatchObject({ type: 'devmap_hash', bytes_value: 8 })
    expect(() => devices.set(0, 'no-such-device')).toThrow(code('ENODEV'))
    expect(() => devices.set(0, 0)).toThrow(RangeError)
    expect(() => devices.set(0, 0x7fff_fff0)).toThrow(code('ENODEV'))
    expect(() => devices.set(4, 'lo')).toThrow(code('E2BIG'))
    expect(() => devices.set(0, {} as never)).toThrow(TypeError)
    devices.clear()
    expect(devices.size).toBe(0)
  })

  test('take queue sizes by CPU', async () => {
    const { maps, progs } = await load()
    maps.queues.set(0, 192)
    expect([...maps.queues]).toEqual([[0, 192]])
    expect([maps.queues.delete(0), maps.queues.delete(0)]).toEqual([true, false])
    maps.threads.set(0, { qsize: 64, bpf_prog: { fd: progs.on_cpu.fd } } as never)
    expect(maps.threads.get(0)).toMatchObject({ qsize: 64, bpf_prog: { id: progs.on_cpu.id } })
    maps.threads.set(0, 32)
    expect(maps.threads.get(0)).toEqual({ qsize: 32, bpf_prog: { fd: 0, id: 0 } })
    expect(() => maps.queues.set(0, 2 ** 32)).toThrow(RangeError)
    expect(() => maps.queues.set(0, 1 << 30)).toThrow(code('EOVERFLOW'))
    expect(() => maps.queues.set(0, 'lo' as never)).toThrow(TypeError)
  })

  test('XSKMAP takes AF_XDP sockets', async ({ skip }) => {
    const { xsks } = (await load()).maps
    const fd = fromLibc('int socket(int, int, int)')(44, 3, 0)
    if (fd < 0) skip('this kernel has no AF_XDP')
    onTestFinished(() => closeSync(fd))
    xsks.set(1, fd)
    expect([xsks.delete(1), xsks.delete(2)]).toEqual([true, false])
    xsks.set(0, fd).clear()
    const { server } = await connected()
    expect(() => xsks.set(0, descriptor(server))).toThrow(code('EOPNOTSUPP'))
    expect(() => xsks.set(0, openSync('/dev/null', 'r'))).toThrow(/is not a socket/)
  })
})

describeInKernel('socket maps', () => {
  test('take sockets and servers of Node, and return their cookies', async () => {
    const { sockets, small } = (await load()).maps
    const { server, client, peer } = await connected()
    sockets.set(0, server).set(1, client).set(2, descriptor(peer))
    const cookies = [...sockets.values()]
    expect([sockets.size, new Set(cookies).size]).toEqual([3, 3])
    expect([...sockets.keys()]).toEqual([0, 1, 2])
    expect([sockets.get(1), sockets.get(3), sockets.has(3)]).toEqual([cookies[1], undefined, false])
    expect(() => sockets.set(1, client, 'noexist')).toThrow(code('EEXIST'))
    expect([sockets.delete(1), sockets.delete(1), sockets.delete(9)]).toEqual([true, false, false])
    sockets.clear()
    expect(sockets.size).toBe(0)
    // The kernel does not return cookies where values have 4 bytes.
    small.set(0, client)
    expect(() => small.get(0)).toThrow(/__type\(value, __u64\)/)
    expect([small.delete(0), small.delete(0)]).toEqual([true, false])
    small.set(3, client).clear()
  })

  test('leave Node its sockets', async () => {
    const { sockets } = (await load()).maps
    const { client, peer } = await connected()
    sockets.set(0, client)
    client.write('hello')
    expect(String((await once(peer, 'data'))[0])).toBe('hello')
  })

  test('SOCKHASH takes keys of any type', async () => {
    const { by_pair } = (await load()).maps
    const { client, server } = await connected()
    by_pair.set({ a: 1, b: 2 }, client).set({ a: 3, b: 4 }, server)
    expect(new Set([...by_pair.keys()].map(({ a, b }) => `${a} ${b}`))).toEqual(
      new Set(['1 2', '3 4']),
    )
    expect([by_pair.delete({ a: 1, b: 2 }), by_pair.delete({ a: 1, b: 2 })]).toEqual([true, false])
    by_pair.clear()
    expect([...by_pair.keys()]).toEqual([])
    expect(() => by_pair.set({ a: 1 } as never, client)).toThrow(/b/)
  })

  test('REUSEPORT_SOCKARRAY takes only sockets with SO_REUSEPORT', async () => {
    const { group } = (await load()).maps
    const { server } = await connected()
    expect(() => group.set(0, server)).toThrow(code('EINVAL'))
    const [fd = -1, port] = reusable()
    expect(port).toBeGreaterThan(0)
    group.set(1, fd)
    expect([group.size, (group.get(1) ?? 0n) > 0n, group.delete(1), group.delete(1)]).toEqual([
      1,
      true,
      true,
      false,
    ])
  })

  test('refuse closed sockets, and other objects', async () => {
    const { sockets } = (await load()).maps
    const { client } = await connected()
    const datagram = createSocket('udp4')
    onTestFinished(() => void datagram.close())
    expect(() => sockets.set(0, datagram)).toThrow(code('ERR_BPF_STATE'))
    datagram.bind(0)
    await once(datagram, 'listening')
    sockets.set(0, datagram)
    expect(sockets.size).toBe(1)
    client.destroy()
    await once(client, 'close')
    expect(() => sockets.set(0, client)).toThrow(code('ERR_BPF_STATE'))
    expect(() => sockets.set(0, {} as never)).toThrow(TypeError)
    expect(() => sockets.set(0, null as never)).toThrow(TypeError)
    expect(() => sockets.set(0, 9999)).toThrow(code('EBADF'))
  })
})

async function connected(): Promise<{ server: Server; client: Socket; peer: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect(port, '127.0.0.1')
  const [[peer]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ]
  onTestFinished(() => {
    client.destroy()
    peer.destroy()
    server.close()
  })
  return { server, client, peer }
}

function descriptor(socket: Socket | Server): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd
}

/** A UDP socket with SO_REUSEPORT, bound to a port of the kernel's choice. */
function reusable(): [fd: number, port: number] {
  const socket = fromLibc('int socket(int, int, int)')
  const setOption = fromLibc('int setsockopt(int, int, int, memory, int)')
  const bind = fromLibc('int bind(int, memory, int)')
  const name = fromLibc('int getsockname(int, memory, memory)')
  const fd = socket(2, 2, 0)
  onTestFinished(() => closeSync(fd))
  setOption(fd, 1, 15, new Uint32Array([1]), 4)
  const address = new Uint8Array(16)
  address.set([2, 0, 0, 0, 127, 0, 0, 1])
  bind(fd, address, 16)
  name(fd, address, new Uint32Array([16]))
  return [fd, new DataView(address.buffer).getUint16(2)]
}
