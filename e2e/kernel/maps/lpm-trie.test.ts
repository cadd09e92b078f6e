import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  LpmTrie,
  RawTracepointProgram,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { dumped } from '../bpftool.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct prefix { __u32 bits; __u8 address[4]; };
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 10000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, __u32);
} routes SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } found SEC(".maps");

SEC("raw_tp/sys_enter")
int look(void *ctx)
{
	struct prefix asked = { .bits = 32, .address = { 10, 1, 2, 3 } };
	struct prefix own = { .bits = 8, .address = { 192 } };
	__u32 zero = 0, nine = 9, *value = bpf_map_lookup_elem(&routes, &asked);
	if (value)
		bpf_map_update_elem(&found, &zero, value, 0);
	bpf_map_update_elem(&routes, &own, &nine, 0);
	return 0;
}
`

interface Prefix {
  bits: number
  address: Uint8Array
}
interface Test extends SkeletonInstance {
  maps: { routes: LpmTrie<Prefix, number>; found: ArrayMap<number> }
  progs: { look: RawTracepointProgram }
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

const prefix = (bits: number, ...address: number[]): Prefix => ({
  bits,
  address: Uint8Array.from([...address, 0, 0, 0, 0].slice(0, 4)),
})

describeInKernel('LPM tries', () => {
  test('find the longest prefix, in C and in JavaScript', async () => {
    const { maps, progs } = await load()
    const { routes, found } = maps
    routes.set(prefix(8, 10), 1).set(prefix(16, 10, 1), 2)
    expect(routes.get(prefix(32, 10, 1, 9, 9))).toBe(2)
    expect(routes.get(prefix(32, 10, 9, 9, 9))).toBe(1)
    expect([routes.get(prefix(32, 11)), routes.has(prefix(32, 11))]).toEqual([undefined, false])
    progs.look.testRun()
    expect(found.get(0)).toBe(2)
    expect(routes.get(prefix(32, 192, 168))).toBe(9)
    expect(dumped(routes)).toEqual([
      { key: { bits: 16, address: [10, 1, 0, 0] }, value: 2 },
      { key: { bits: 8, address: [10, 0, 0, 0] }, value: 1 },
      { key: { bits: 8, address: [192, 0, 0, 0] }, value: 9 },
    ])
  })

  test('set, delete and take use the exact prefix', async () => {
    const { routes } = (await load()).maps
    routes.set(prefix(8, 10), 1).set(prefix(16, 10, 1), 2)
    expect(routes.take(prefix(24, 10, 1, 2))).toBe(undefined)
    expect(routes.take(prefix(16, 10, 1))).toBe(2)
    expect([routes.delete(prefix(16, 10, 1)), routes.delete(prefix(8, 10))]).toEqual([false, true])
    expect(() => routes.set(prefix(8, 10), 1, 'exist')).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    )
    routes.set(prefix(8, 10), 1)
    expect(() => routes.set(prefix(8, 10), 1, 'noexist')).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    )
  })

  test('iterate over every prefix with the right value, whatever is deleted meanwhile', async () => {
    const { routes } = (await load()).maps
    routes.set(prefix(1, 0), 1)
    for (let n = 0; n < 8000; n++) routes.set(prefix(24, n >> 8, n & 255), n + 100)
    expect([routes.size, [...routes.keys()].length]).toEqual([8001, 8001])
    const visited = new Set<string>()
    for (const [{ bits, address }, value] of routes) {
      const n = (address[0] ?? 0) * 256 + (address[1] ?? 0)
      expect(value).toBe(bits === 1 ? 1 : n + 100)
      const key = `${bits}/${address.join('.')}`
      expect(visited.has(key)).toBe(false)
      visited.add(key)
      routes.delete(prefix(24, (n + 1) >> 8, (n + 1) & 255))
      routes.delete({ bits, address })
    }
    expect(visited.size).toBe(8001)
    expect(routes.size).toBe(0)
  })

  test('drain and clear empty them', async () => {
    const { routes } = (await load()).maps
    for (let n = 0; n < 10; n++) routes.set(prefix(24, 10, n), n)
    const [first] = routes.drain()
    expect([first?.[0].bits, routes.size]).toEqual([24, 9])
    expect([...routes.drain()]).toHaveLength(9)
    routes.set(prefix(24, 1), 1).clear()
    expect(routes.size).toBe(0)
  })

  test('refuse a prefix longer than their data, and wrong keys', async () => {
    const { routes } = (await load()).maps
    expect(() => routes.set(prefix(33, 1), 1)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(() => routes.set({ bits: 8, address: Uint8Array.of(1) }, 1)).toThrow(/address/)
    expect(routes.raw.get(new Uint8Array(8))).toBe(undefined)
  })
})
