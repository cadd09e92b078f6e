import { existsSync, mkdtempSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { u32 } from '../../../src/codec/layout.ts'
import type {
  ArrayMap,
  HashMap,
  RawTracepointProgram,
  RingBuffer,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { BpfMap, Link } from '../../../src/runtime/index.ts'
import { hashMap } from '../../../src/runtime/internal.ts'
import { KeepAlive } from '../../../src/runtime/lifetime/keep-alive.ts'
import { Lifecycle } from '../../../src/runtime/lifetime/lifecycle.ts'
import { MapHandle } from '../../../src/runtime/maps/handle.ts'
import { dumped, shown } from '../bpftool.ts'
import { build } from '../build.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct key { __u32 a, b; };
__u64 total = 40;
const volatile __u32 step = 1;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, __u64); } counts SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } slots SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_BLOOM_FILTER); __uint(max_entries, 8); __type(value, __u32); __uint(map_extra, 3); } bloom SEC(".maps");

SEC("raw_tp/sys_enter")
int run(void *ctx)
{
	struct key key = { 1, 2 };
	__u32 one = 1, value = 6;
	total += step;
	bpf_map_update_elem(&counts, &key, &total, 0);
	bpf_map_update_elem(&slots, &one, &value, 0);
	bpf_ringbuf_output(&events, &total, sizeof(total), 0);
	return 0;
}
`

interface Key {
  a: number
  b: number
}
interface Test extends SkeletonInstance {
  maps: {
    counts: HashMap<Key, bigint>
    slots: ArrayMap<number>
    events: RingBuffer<Uint8Array>
    bloom: BpfMap
    data: BpfMap
    rodata: BpfMap
  }
  progs: { run: RawTracepointProgram }
  data: { total: bigint }
  rodata: { step: number }
}

async function open(): Promise<Test> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return opened
}

const key = { a: 1, b: 2 }
const code = (code: string): unknown => expect.objectContaining({ code })

/** Creates a map like `counts`, except for the options. */
function made(options: object): BpfMap {
  const map = BpfMap.create({
    type: 'hash',
    keySize: 8,
    valueSize: 8,
    maxEntries: 8,
    ...options,
  })
  onTestFinished(() => map.close())
  return map
}

/** Returns a path in the BPF file system that only this test uses. */
function pinPath(name: string): string {
  const path = `/sys/fs/bpf/unplugin-bpf-${process.pid}-${name}`
  onTestFinished(() => rmSync(path, { force: true, recursive: true }))
  return path
}

describeInKernel('standalone maps', () => {
  test('are opened by path and by id, with the class of their type', async () => {
    const { maps, progs } = (await open()).load()
    const { types } = await build<Test>(source)
    progs.run.testRun()
    const path = pinPath('counts')
    maps.counts.pin(path)
    using pinned = BpfMap.open(path, 'hash')
    expect([pinned.id, pinned.name, pinned.maxEntries]).toEqual([maps.counts.id, 'counts', 8])
    expect([...pinned]).toEqual([
      [Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0), Uint8Array.of(41, 0, 0, 0, 0, 0, 0, 0)],
    ])
    const { key: codec } = types
    if (!codec) throw new Error('no type key')
    expect([...pinned.as(codec, codec).keys()]).toEqual([key])
    using slots = BpfMap.fromId(maps.slots.id, 'array')
    expect(slots.get(1)).toEqual(Uint8Array.of(6, 0, 0, 0))
    expect(() => BpfMap.open(path, 'array')).toThrow(/type hash, not array/)
    maps.counts.unpin(path)
    expect(existsSync(path)).toBe(false)
  })

  test('unpin() removes a pin, and no other file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'unplugin-bpf-unpin-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'file')
    writeFileSync(file, 'kept')
    const map = made({})
    expect(() => map.unpin(file)).toThrow(/cannot remove .*file: it is not a pin.*\(EINVAL\)/)
    expect(existsSync(file)).toBe(true)
    const path = pinPath('linked')
    const alias = join(folder, 'alias')
    symlinkSync(path, alias)
    const { progs } = (await open()).load()
    progs.run.attach().pin(path)
    const link = Link.open(alias)
    expect(() => link.unpin()).toThrow(code('EINVAL'))
    expect(existsSync(alias)).toBe(true)
    link.destroy()
  })

  test('outlive the skeleton, and throw after close', async () => {
    const loaded = (await open()).load()
    const map = BpfMap.fromId(loaded.maps.counts.id, 'hash')
    loaded.destroy()
    expect([...map]).toEqual([])
    const { fd } = map
    map.close()
    map.close()
    expect(() => map.get(new Uint8Array(8))).toThrow(/was closed; open it again/)
    expect(() => map.fd).toThrow(code('ERR_BPF_STATE'))
    expect(() => readlinkSync(`/proc/self/fd/${fd}`)).toThrow(/ENOENT/)
  })

  test('are created, typed by codecs or sizes', async () => {
    const { types } = await build<Test>(source)
    const { key: codec } = types
    if (!codec) throw new Error('no type key')
    using map = BpfMap.create({
      type: 'lru_hash',
      name: 'made',
      key: codec,
      valueSize: 2,
      maxEntries: 5,
    })
    map.set({ a: 1, b: 1 }, Uint8Array.of(1, 2))
    expect(map.get({ a: 1, b: 1 })).toEqual(Uint8Array.of(1, 2))
    expect(shown(map)).toMatchObject({
      type: 'lru_hash',
      name: 'made',
      bytes_key: 8,
      bytes_value: 2,
      max_entries: 5,
    })
    using array = BpfMap.create({ type: 'array', valueSize: 1, maxEntries: 3 })
    expect([...array.set(1, [9]).values()]).toEqual(
      [[0], [9], [0]].map((bytes) => Uint8Array.from(bytes)),
    )
    using queue = BpfMap.create({ type: 'queue', valueSize: 1, maxEntries: 3 })
    expect(queue.push([1]).pop()).toEqual(Uint8Array.of(1))
    using ring = BpfMap.create({ type: 'ringbuf', maxEntries: 4096 })
    expect(ring.consume(() => undefined)).toBe(0)
    using perf = BpfMap.create({ type: 'perf_event_array', value: codec })
    expect(perf.valueSize).toBe(4)
    using trie = BpfMap.create({ type: 'lpm_trie', keySize: 8, valueSize: 4, maxEntries: 3 })
    trie.set([8, 0, 0, 0, 10, 0, 0, 0], [1, 2, 3, 4])
    expect(trie.get([32, 0, 0, 0, 10, 1, 2, 3])).toEqual(Uint8Array.of(1, 2, 3, 4))
    using tasks = BpfMap.create({ type: 'task_storage', value: codec })
    tasks.set(process.pid, { a: 1, b: 2 })
    expect(tasks.get(process.pid)).toEqual({ a: 1, b: 2 })
    expect(shown(tasks)).toMatchObject({ type: 'task_storage', bytes_value: 8 })
    using mapped = BpfMap.create({ type: 'array', valueSize: 4, maxEntries: 2, flags: 1 << 10 })
    expect('view' in mapped).toBe(true)
    using outer = BpfMap.create({ type: 'array_of_maps', maxEntries: 1, innerMap: array })
    expect(outer.set(0, array).get(0)?.id).toBe(array.id)
    expect(outer.createInner().maxEntries).toBe(3)
  })

  test('read the map info again when they get another descriptor', () => {
    const [narrow, wide] = [2, 64].map((valueSize) =>
      BpfMap.create({ type: 'hash', keySize: 4, valueSize, maxEntries: 2 }),
    )
    if (!narrow || !wide) throw new Error('no maps')
    onTestFinished(() => [narrow, wide].forEach((map) => map.close()))
    const life = new Lifecycle('replaced')
    life.stage = 'loaded'
    const handle = new MapHandle('replaced', 0, life, new KeepAlive())
    const map = hashMap().create(handle) as HashMap<Uint8Array, Uint8Array>
    handle.loaded(narrow.fd)
    expect(map.set(new Uint8Array(4), [1, 2]).get(new Uint8Array(4))).toHaveLength(2)
    handle.closed()
    handle.loaded(wide.fd)
    expect(map.get(new Uint8Array(4))).toBe(undefined)
    expect(map.set(new Uint8Array(4), new Uint8Array(64)).get(new Uint8Array(4))).toHaveLength(64)
    handle.closed()
  })

  test('are refused with a reason', () => {
    expect(() => BpfMap.open('/sys/fs/bpf/unplugin-bpf-nothing')).toThrow(code('ENOENT'))
    expect(() => BpfMap.open(7 as never)).toThrow(TypeError)
    expect(() => BpfMap.fromId(0x7fff_fff0)).toThrow(code('ENOENT'))
    expect(() => BpfMap.fromId(-1)).toThrow(RangeError)
    expect(() => BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 0 })).toThrow(
      code('EINVAL'),
    )
    expect(() => BpfMap.create({ type: 'hash', valueSize: 4, maxEntries: 1 })).toThrow(/keySize/)
    expect(() => BpfMap.create({ type: 'none' as 'hash' })).toThrow(TypeError)
    expect(() =>
      BpfMap.create({ type: 'array', valueSize: 4, maxEntries: 1, name: 'a b' }),
    ).toThrow(RangeError)
    expect(() =>
      BpfMap.create({ type: 'array', valueSize: 4, maxEntries: 1, size: 4 } as never),
    ).toThrow(/no option "size"/)
    using map = BpfMap.create({ type: 'array', valueSize: 4, maxEntries: 1 })
    expect(() => (map.maxEntries = 2)).toThrow(code('ERR_BPF_STATE'))
    expect(() => map.numaNode).toThrow(code('ERR_BPF_STATE'))
    expect(() => map.pin()).toThrow(TypeError)
    expect([map instanceof BpfMap, {} instanceof BpfMap]).toEqual([true, false])
  })
})

describeInKernel('where the kernel has no batches', () => {
  test('walks go key by key, end, and tolerate any change', () => {
    using map = BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 4000 })
    const life = new Lifecycle('walked')
    life.stage = 'loaded'
    const handle = new MapHandle('walked', 0, life, new KeepAlive())
    handle.loaded(map.fd)
    handle.noBatches = true
    const walked = hashMap<number, number>(u32, u32).create(handle)
    const fill = (): void => {
      for (let key = 0; key < 2000; key++) walked.set(key, key * 2)
    }
    fill()
    expect(new Map(walked)).toEqual(
      new Map(Array.from({ length: 2000 }, (_, key) => [key, key * 2])),
    )
    const visited = new Set<number>()
    for (const [key, value] of walked) {
      expect([value, visited.has(key)]).toEqual([key * 2, false])
      visited.add(key)
      walked.delete(key)
      walked.delete(key ^ 1)
      walked.set(10_000 + key, 0)
    }
    expect(visited.size).toBe(1000)
    walked.clear()
    fill()
    expect([...walked.drain()].length).toBe(2000)
    expect(walked.size).toBe(0)
    handle.closed()
  })
})

describeInKernel('reuse', () => {
  test('takes a map, its descriptor or its path', async () => {
    const first = (await open()).load()
    const path = pinPath('slots')
    first.maps.slots.pin(path)
    const second = await open()
    second.maps.counts.reuse(first.maps.counts)
    second.maps.slots.reuse(path)
    second.maps.events.reuse(first.maps.events.fd)
    second.load()
    expect([second.maps.counts.id, second.maps.slots.id, second.maps.events.id]).toEqual([
      first.maps.counts.id,
      first.maps.slots.id,
      first.maps.events.id,
    ])
    second.progs.run.testRun()
    expect(first.maps.counts.get(key)).toBe(41n)
    expect(first.maps.events.consume(() => undefined)).toBe(1)
    first.destroy()
    expect(second.maps.counts.get(key)).toBe(41n)
    using made = BpfMap.create({ type: 'hash', keySize: 8, valueSize: 8, maxEntries: 8 })
    const third = await open()
    third.maps.counts.reuse(made)
    third.load().progs.run.testRun()
    expect([...made.values()]).toEqual([Uint8Array.of(41, 0, 0, 0, 0, 0, 0, 0)])
  })

  test('is automatic for maps that are pinned by name', async () => {
    const pinned = `
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, SIZE); __uint(pinning, LIBBPF_PIN_BY_NAME);
	__type(key, __u32); __type(value, __u32); } by_name SEC(".maps");`
    const folder = pinPath('folder')
    const opened = async (
      size: number,
    ): Promise<{ maps: { by_name: HashMap<number, number> }; load(): void }> => {
      type Pinned = SkeletonInstance & { maps: { by_name: HashMap<number, number> } }
      const { default: skel } = await build<Pinned>(pinned.replace('SIZE', String(size)))
      const instance = skel.open({ pinRootPath: folder })
      onTestFinished(() => instance.destroy())
      return instance
    }
    const [first, second, other] = [await opened(4), await opened(4), await opened(5)]
    first.load()
    first.maps.by_name.set(1, 2)
    second.load()
    expect([second.maps.by_name.get(1), second.maps.by_name.id]).toEqual([2, first.maps.by_name.id])
    expect(() => other.load()).toThrow(/parameter mismatch|EINVAL/)
    expect(existsSync(join(folder, 'by_name'))).toBe(true)
  })

  test('of a data section keeps its values', async () => {
    const first = (await open()).load()
    first.progs.run.testRun()
    const second = await open()
    second.rodata.step = 5
    second.maps.data.reuse(first.maps.data)
    second.maps.rodata.reuse(first.maps.rodata)
    second.load()
    second.progs.run.testRun()
    // A reused .rodata keeps the values that it is frozen with.
    expect([first.data.total, second.data.total, second.rodata.step]).toEqual([42n, 42n, 1])
  })

  test('refuses a map with another definition', async () => {
    const opened = await open()
    const { counts, slots, data } = opened.maps
    expect(() => counts.reuse(made({ valueSize: 16 }))).toThrow(
      /valueSize \(8 declared, 16 given\)/,
    )
    expect(() => counts.reuse(made({ type: 'lru_hash', maxEntries: 9 }))).toThrow(
      /type .*maxEntries/,
    )
    expect(() => counts.reuse(made({ flags: 1 }))).toThrow(/flags/)
    expect(() => slots.reuse(made({}))).toThrow(code('EINVAL'))
    const other = BpfMap.create({
      type: 'array',
      valueSize: 4096 * 4,
      maxEntries: 1,
      flags: 1 << 10,
    })
    expect(() => data.reuse(other)).toThrow(/valueSize/)
    expect(() => counts.reuse(0)).toThrow(code('EINVAL'))
    expect(() => counts.reuse(9999)).toThrow(code('EBADFD'))
    expect(() => counts.reuse('/sys/fs/bpf/unplugin-bpf-nothing')).toThrow(code('ENOENT'))
    expect(() => counts.reuse({} as never)).toThrow(TypeError)
    other.close()
    expect(() => data.reuse(other)).toThrow(code('ERR_BPF_STATE'))
    opened.load()
    expect(() => counts.reuse(counts)).toThrow(code('ERR_BPF_STATE'))
    counts.set(key, 1)
  })
})

describeInKernel('settings and information', () => {
  test('settings between open and load change the map that is created', async () => {
    const opened = await open()
    const { counts, bloom } = opened.maps
    expect([
      counts.type,
      counts.keySize,
      counts.valueSize,
      counts.maxEntries,
      counts.flags,
    ]).toEqual([1, 8, 8, 8, 0])
    expect([
      bloom.mapExtra,
      counts.numaNode,
      counts.ifindex,
      counts.pinPath,
      counts.autocreate,
    ]).toEqual([3n, 0, 0, null, true])
    counts.type = 9
    counts.maxEntries = 100
    counts.flags = 1 << 1
    bloom.mapExtra = 5
    const path = pinPath('setting')
    counts.pinPath = path
    opened.load()
    expect(shown(counts)).toMatchObject({ type: 'lru_hash', max_entries: 100, flags: 2 })
    expect([counts.type, counts.maxEntries, counts.flags, bloom.mapExtra]).toEqual([9, 100, 2, 5n])
    expect(existsSync(path)).toBe(true)
    counts.unpin()
    expect(existsSync(path)).toBe(false)
    expect(() => (counts.keySize = 4)).toThrow(code('ERR_BPF_STATE'))
  })

  test('a value size other than its type gives an error, and overwrites no memory', async () => {
    const opened = await open()
    opened.maps.counts.valueSize = 64
    opened.maps.counts.keySize = 8
    opened.progs.run.autoload = false
    opened.load()
    expect(() => opened.maps.counts.get(key)).toThrow(
      /values have 64 bytes, and the type given for them has 8/,
    )
    expect(opened.maps.counts.raw.get(new Uint8Array(8))).toBe(undefined)
  })

  test('wrong settings throw', async () => {
    const { counts } = (await open()).maps
    expect(() => (counts.valueSize = -1)).toThrow(RangeError)
    expect(() => (counts.flags = '1' as never)).toThrow(TypeError)
    expect(() => (counts.mapExtra = 1.5)).toThrow(RangeError)
    expect(() => (counts.autocreate = 1 as never)).toThrow(TypeError)
    expect(() => (counts.pinPath = 1 as never)).toThrow(TypeError)
  })

  test('info is equal to what bpftool shows', async () => {
    const { maps } = (await open()).load()
    for (const map of [maps.counts, maps.bloom, maps.data, maps.events]) {
      const { id, type, name, flags, keySize, valueSize, maxEntries, memlock, frozen, btfId } =
        map.info
      const told = shown(map)
      expect({ id, name, flags, keySize, valueSize, maxEntries, memlock, frozen }).toEqual({
        id: told['id'],
        name: told['name'],
        flags: told['flags'],
        keySize: told['bytes_key'],
        valueSize: told['bytes_value'],
        maxEntries: told['max_entries'],
        memlock: told['bytes_memlock'],
        frozen: told['frozen'] === 1,
      })
      expect(type).toBe(map.type)
      expect(btfId).toBe(told['btf_id'] ?? 0)
    }
    expect(maps.bloom.info.mapExtra).toBe(3n)
    maps.slots.freeze()
    expect(maps.slots.info.frozen).toBe(true)
    expect(dumped(maps.slots)).toHaveLength(4)
  })
})
