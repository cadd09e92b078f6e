import { execFileSync } from 'node:child_process'
import { inspect } from 'node:util'

import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  HashMap,
  PerCpuArray,
  PerCpuHashMap,
  SyscallProgram,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { dumped } from '../bpftool.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct key { __u32 pid; __u32 cpu; };
struct value { __u64 ts; char comm[16]; __u8 flag; };
#define MAP(name, kind, entries, k, v) struct { \\
	__uint(type, kind); __uint(max_entries, entries); __type(key, k); __type(value, v); } name SEC(".maps")

MAP(hash, BPF_MAP_TYPE_HASH, 4096, struct key, struct value);
MAP(tiny, BPF_MAP_TYPE_HASH, 2, __u32, __u32);
MAP(lru, BPF_MAP_TYPE_LRU_HASH, 1024, __u64, __u32);
MAP(array, BPF_MAP_TYPE_ARRAY, 5, __u32, struct value);
MAP(cpu_array, BPF_MAP_TYPE_PERCPU_ARRAY, 3, __u32, __u32);
MAP(cpu_hash, BPF_MAP_TYPE_PERCPU_HASH, 64, __u32, struct key);
MAP(cpu_lru, BPF_MAP_TYPE_LRU_PERCPU_HASH, 64, __u32, __u64);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(key_size, 3);
	__uint(value_size, 5);
} untyped SEC(".maps");

SEC("syscall")
int run(void *ctx)
{
	struct key key = { .pid = 9, .cpu = 8 };
	struct value value = { .ts = 1ull << 60, .comm = "from C", .flag = 3 };
	__u32 two = 2, *slot;

	bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
	bpf_map_update_elem(&array, &two, &value, BPF_ANY);
	slot = bpf_map_lookup_elem(&cpu_array, &two);
	if (slot)
		*slot += 1;
	bpf_map_update_elem(&cpu_hash, &two, &key, BPF_ANY);
	return 0;
}
`

interface Key {
  pid: number
  cpu: number
}
interface Value {
  ts: bigint
  comm: string
  flag: number
}
interface Test extends SkeletonInstance {
  maps: {
    hash: HashMap<Key, Value>
    tiny: HashMap<number, number>
    lru: HashMap<bigint, number>
    array: ArrayMap<Value>
    cpu_array: PerCpuArray<number>
    cpu_hash: PerCpuHashMap<number, Key>
    cpu_lru: PerCpuHashMap<number, bigint>
    untyped: HashMap<Uint8Array, Uint8Array>
  }
  progs: { run: SyscallProgram }
}

async function load(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const loaded = skel.openAndLoad()
  onTestFinished(() => loaded.destroy())
  return loaded
}

const fromC = { ts: 1n << 60n, comm: 'from C', flag: 3 }

describeInKernel('hash maps', () => {
  test('read what C wrote, and write what bpftool reads', async () => {
    const { maps, progs } = await load()
    progs.run.testRun()
    expect(maps.hash.get({ pid: 9, cpu: 8 })).toEqual(fromC)
    expect(maps.hash.get({ pid: 9, cpu: 9 })).toBe(undefined)
    maps.hash.delete({ pid: 9, cpu: 8 })
    maps.hash.set({ pid: 1, cpu: 2 }, { ts: 3, comm: 'abc', flag: 255 })
    expect(dumped(maps.hash)).toEqual([
      { key: { pid: 1, cpu: 2 }, value: { ts: 3, comm: 'abc', flag: 255 } },
    ])
  })

  test('do not expose their native side', async () => {
    const { maps } = await load()
    expect(Object.keys(maps.hash)).toEqual([])
    expect(inspect(maps.hash)).toBe('HashMap {}')
    expect('handle' in maps.hash).toBe(false)
    Object.assign(maps.hash, { enter: {}, handle: {}, elements: {} })
    expect(maps.hash.set({ pid: 1, cpu: 2 }, { ts: 3, comm: '', flag: 0 }).size).toBe(1)
  })

  test('set, has, delete and take return what was there', async () => {
    const { tiny } = (await load()).maps
    expect(tiny.has(1)).toBe(false)
    expect(tiny.set(1, 10).set(2, 20)).toBe(tiny)
    expect([tiny.has(1), tiny.size]).toEqual([true, 2])
    expect(() => tiny.set(3, 30)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
    expect(() => tiny.set(1, 11, 'noexist')).toThrow(expect.objectContaining({ code: 'EEXIST' }))
    expect(tiny.take(1)).toBe(10)
    expect(tiny.take(1)).toBe(undefined)
    expect(() => tiny.set(1, 11, 'exist')).toThrow(expect.objectContaining({ code: 'ENOENT' }))
    expect([tiny.delete(2), tiny.delete(2)]).toEqual([true, false])
    expect(() => tiny.set(1, 1, 'other' as 'exist')).toThrow(TypeError)
  })

  test('wrong keys and values throw and change nothing', async () => {
    const { hash, tiny } = (await load()).maps
    expect(() => tiny.set(1, 2 ** 32)).toThrow(RangeError)
    expect(() => tiny.get('1' as never)).toThrow(/^key: /)
    expect(() => hash.get({ pid: 1 } as Key)).toThrow(/key.*cpu/)
    expect(() => hash.get({ pid: 1, cpu: -1 })).toThrow(/^key\.cpu: /)
    expect(() => tiny.set(1, -1)).toThrow(/^value: /)
    expect(() => hash.set({ pid: 1, cpu: 1 }, { ts: 1, comm: 'x'.repeat(17), flag: 1 })).toThrow(
      RangeError,
    )
    expect([hash.size, tiny.size]).toEqual([0, 0])
  })

  test('iterate over every element, with any types', async () => {
    const { hash } = (await load()).maps
    const expected = new Map<number, string>()
    for (let pid = 0; pid < 3000; pid++) {
      hash.set({ pid, cpu: pid % 4 }, { ts: pid, comm: `p${pid}`, flag: 0 })
      expected.set(pid, `p${pid}`)
    }
    expect(new Map([...hash].map(([key, value]) => [key.pid, value.comm]))).toEqual(expected)
    expect(new Set([...hash.keys()].map(({ pid }) => pid)).size).toBe(3000)
    expect(new Set([...hash.values()].map(({ ts }) => ts)).size).toBe(3000)
    expect(hash.size).toBe(3000)
    const [[key, value] = []] = hash.raw
    expect([key?.length, value?.length]).toEqual([8, 32])
  })

  test('iteration ends, whatever keys are deleted or added meanwhile', async () => {
    const { hash, lru } = (await load()).maps
    for (let pid = 0; pid < 2000; pid++) hash.set({ pid, cpu: 0 }, fromC)
    let visited = 0
    for (const { pid } of hash.keys()) {
      hash.delete({ pid, cpu: 0 })
      hash.delete({ pid: pid + 1, cpu: 0 })
      hash.set({ pid: 5000 + visited, cpu: 1 }, fromC)
      expect(++visited).toBeLessThan(20_000)
    }
    for (let n = 0n; n < 5000n; n++) lru.set(n, 1)
    for (const key of lru.keys()) lru.delete(key)
    expect(lru.size).toBe(0)
  })

  test('LRU_HASH drops old elements when it is full', async () => {
    const { lru, cpu_lru } = (await load()).maps
    const cpus = Number(execFileSync('getconf', ['_NPROCESSORS_CONF']))
    for (let key = 0; key < 5000; key++) {
      lru.set(key, key)
      cpu_lru.set(
        key,
        Array.from({ length: cpus }, (_, cpu) => key + cpu),
      )
    }
    expect(lru.size).toBeLessThanOrEqual(1024)
    expect(cpu_lru.size).toBeLessThanOrEqual(64)
    expect(lru.get(4999)).toBe(4999)
    expect(cpu_lru.get(4999)).toEqual(Array.from({ length: cpus }, (_, cpu) => BigInt(4999 + cpu)))
    for (const [key, values] of cpu_lru) expect(values[0]).toBe(BigInt(key))
    expect(dumped(lru)).toHaveLength(lru.size)
  })

  test('drain yields and removes elements; those after a break stay', async () => {
    const { tiny } = (await load()).maps
    tiny.set(1, 10).set(2, 20)
    for (const [key, value] of tiny.drain()) {
      expect(value).toBe(key * 10)
      break
    }
    expect(tiny.size).toBe(1)
    expect([...tiny.drain()]).toHaveLength(1)
    expect(tiny.size).toBe(0)
    tiny.set(1, 1).clear()
    expect(tiny.size).toBe(0)
  })

  test('keys and values without types are bytes, or have the types given to as()', async () => {
    const { default: skel, types } = await build<Test>(source)
    const loaded = skel.openAndLoad()
    onTestFinished(() => loaded.destroy())
    const { untyped, hash } = loaded.maps
    untyped.set(Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3, 4, 5))
    expect([...untyped]).toEqual([[Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3, 4, 5)]])
    expect(() => untyped.set(Uint8Array.of(1, 2, 3), Uint8Array.of(1))).toThrow(RangeError)
    const { key } = types
    if (!key) throw new Error('no type key')
    expect(() => hash.as(key).get({ pid: 1, cpu: 1 })).toThrow(
      /values have 32 bytes, and the type .* has 8/,
    )
  })

  test('settings take effect between open and load', async () => {
    const { default: skel } = await build<Test>(source)
    const opened = skel.open()
    onTestFinished(() => opened.destroy())
    expect(opened.maps.tiny.maxEntries).toBe(2)
    opened.maps.tiny.maxEntries = 100
    expect(() => (opened.maps.tiny.maxEntries = -1)).toThrow(RangeError)
    opened.maps.untyped.autocreate = false
    opened.load()
    for (let key = 0; key < 100; key++) opened.maps.tiny.set(key, key)
    expect(opened.maps.tiny.maxEntries).toBe(100)
    expect(() => opened.maps.untyped.size).toThrow(/autocreate is off/)
  })

  test('a key whose accessor destroys the skeleton is refused', async () => {
    const skel = await load()
    const { hash } = skel.maps
    const hostile = {
      pid: 1,
      get cpu() {
        skel.destroy()
        return 1
      },
    }
    expect(() => hash.get(hostile)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
  })

  test('a key and a value whose accessors use the map are written correctly', async () => {
    const { hash } = (await load()).maps
    const other = { ts: 9, comm: 'other', flag: 9 }
    const use = <T>(result: T): T => {
      hash.set({ pid: 7, cpu: 7 }, other)
      return result
    }
    const key = {
      pid: 1,
      get cpu() {
        return use(2)
      },
    }
    hash.set(key, { ts: 1, comm: 'one', flag: 1 })
    hash.set(
      { pid: 3, cpu: 4 },
      {
        ts: 1,
        get comm() {
          return use('two')
        },
        flag: 2,
      },
    )
    expect(hash.get({ pid: 1, cpu: 2 })?.comm).toBe('one')
    expect(hash.get({ pid: 3, cpu: 4 })?.comm).toBe('two')
    expect(hash.get({ pid: 7, cpu: 7 })?.comm).toBe('other')
    expect(hash.get(key)?.comm).toBe('one')
  })

  test('freeze() refuses later writes by system call', async () => {
    const { tiny } = (await load()).maps
    tiny.set(1, 1).freeze()
    expect(tiny.get(1)).toBe(1)
    expect(() => tiny.set(1, 2)).toThrow(expect.objectContaining({ code: 'EPERM' }))
  })
})

describeInKernel('arrays', () => {
  test('have an element for every index', async () => {
    const { maps, progs } = await load()
    progs.run.testRun()
    expect(maps.array.get(2)).toEqual(fromC)
    expect(maps.array.get(0)).toEqual({ ts: 0n, comm: '', flag: 0 })
    expect(maps.array.get(5)).toBe(undefined)
    maps.array.set(4, { ts: 4, comm: 'four', flag: 4 })
    expect([maps.array.size, [...maps.array.keys()]]).toEqual([5, [0, 1, 2, 3, 4]])
    expect([...maps.array.values()].at(4)?.comm).toBe('four')
    expect(dumped(maps.array)).toHaveLength(5)
    expect(() => maps.array.set(5, fromC)).toThrow(expect.objectContaining({ code: 'E2BIG' }))
  })

  test('PERCPU_ARRAY has one value for each possible CPU', async () => {
    const { maps, progs } = await load()
    progs.run.testRun()
    const cpus = Number(execFileSync('getconf', ['_NPROCESSORS_CONF']))
    const values = maps.cpu_array.get(2)
    expect(values).toHaveLength(cpus)
    expect(values?.reduce((sum, value) => sum + value)).toBe(1)
    const mine = Array.from({ length: cpus }, (_, cpu) => cpu + 1)
    maps.cpu_array.set(1, mine)
    expect(maps.cpu_array.get(1)).toEqual(mine)
    expect([...maps.cpu_array].at(1)).toEqual([1, mine])
    expect(() => maps.cpu_array.set(1, mine.slice(1))).toThrow(RangeError)
    expect(() => maps.cpu_array.set(1, [...mine.slice(1), -1])).toThrow(`[${cpus - 1}]: `)
    expect(() => maps.cpu_array.set(1, 5 as never)).toThrow(TypeError)
    expect(maps.cpu_array.get(1)).toEqual(mine)
    expect(maps.cpu_hash.get(2)).toContainEqual({ pid: 9, cpu: 8 })
    expect([...maps.cpu_hash]).toHaveLength(1)
    expect(maps.cpu_hash.take(2)).toHaveLength(cpus)
    expect(maps.cpu_hash.size).toBe(0)
  })
})
