import { readdirSync } from 'node:fs'

import { expect, onTestFinished, test } from 'vitest'

import type {
  ArrayMap,
  ArrayOfMaps,
  HashMap,
  HashOfMaps,
  RawTracepointProgram,
  SkeletonInstance,
} from '../../../src/runtime/index.ts'
import { BpfMap } from '../../../src/runtime/index.ts'
import { dumped, shown } from '../bpftool.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct key { __u32 a, b; };
struct counts { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, __u64); };
struct slots { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); };
struct counts first SEC(".maps"), second SEC(".maps");
struct slots plain SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, __u32);
	__array(values, struct counts);
} by_index SEC(".maps") = { .values = { &first, (void *)0, &second } };
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 5000);
	__type(key, struct key);
	__array(values, struct slots);
} by_key SEC(".maps");

SEC("raw_tp/sys_enter")
int run(void *ctx)
{
	struct key key = { 1, 2 };
	__u32 one = 1, two = 2, value = 77;
	__u64 wide = 5;
	void *inner = bpf_map_lookup_elem(&by_index, &one);
	if (inner)
		bpf_map_update_elem(inner, &key, &wide, 0);
	inner = bpf_map_lookup_elem(&by_key, &key);
	if (inner)
		bpf_map_update_elem(inner, &two, &value, 0);
	return 0;
}
`

interface Key {
  a: number
  b: number
}
type Counts = HashMap<Key, bigint>
type Slots = ArrayMap<number>
interface Test extends SkeletonInstance {
  maps: {
    first: Counts
    second: Counts
    plain: Slots
    by_index: ArrayOfMaps<Counts>
    by_key: HashOfMaps<Key, Slots>
  }
  progs: { run: RawTracepointProgram }
}

const key = { a: 1, b: 2 }
const code = (code: string): unknown => expect.objectContaining({ code })
const descriptors = (): number => readdirSync('/proc/self/fd').length

async function open(): Promise<{ maps: Test['maps']; load: () => Test }> {
  const { default: skel } = await build<Test>(source)
  const opened = skel.open()
  onTestFinished(() => opened.destroy())
  return { maps: opened.maps, load: () => opened.load() }
}

const load = async (): Promise<Test> => (await open()).load()

describeInKernel('maps of maps', () => {
  test('have the inner maps with which C initialises them, with the types that C declares', async () => {
    const { first, second, by_index } = (await load()).maps
    expect([by_index.ids.get(0), by_index.ids.get(2)]).toEqual([first.id, second.id])
    expect([by_index.get(0)?.id, by_index.has(1), by_index.get(1)]).toEqual([
      first.id,
      false,
      undefined,
    ])
    second.set(key, 9)
    expect(by_index.get(2)?.get(key)).toBe(9n)
    expect([...by_index].map(([index, map]) => [index, map.id])).toEqual([
      [0, first.id],
      [2, second.id],
    ])
    expect([by_index.size, [...by_index.keys()]]).toEqual([2, [0, 2]])
  })

  test('give programs the inner maps that JavaScript creates and replaces', async () => {
    const { maps, progs } = await load()
    const { by_index, by_key } = maps
    const made = by_index.createInner({ name: 'made', maxEntries: 16 })
    expect(made.info).toMatchObject({ name: 'made', keySize: 8, valueSize: 8, maxEntries: 16 })
    by_index.set(1, made)
    by_key.set(key, by_key.createInner({ name: undefined, maxEntries: undefined }))
    progs.run.testRun()
    expect([...made]).toEqual([[key, 5n]])
    expect(by_key.get(key)?.get(2)).toBe(77)
    by_key.set(key, maps.plain, 'exist')
    progs.run.testRun()
    expect(maps.plain.get(2)).toBe(77)
    expect(shown(by_key)).toMatchObject({ type: 'hash_of_maps', bytes_key: 8 })
    expect(dumped(maps.plain)).toContainEqual({ key: 2, value: 77 })
    expect([by_key.delete(key), by_key.delete(key), by_key.size]).toEqual([true, false, 0])
  })

  test('set takes flags, maps and descriptors, and refuses a map unlike the declared one', async () => {
    const { first, plain, by_index, by_key } = (await load()).maps
    by_key.set(key, plain.fd, 'noexist')
    expect(() => by_key.set(key, plain, 'noexist')).toThrow(code('EEXIST'))
    expect(() => by_key.set({ a: 9, b: 9 }, plain, 'exist')).toThrow(code('ENOENT'))
    expect(() => by_index.set(0, plain)).toThrow(/createInner\(\)/)
    expect(() => by_index.set(3, first)).toThrow(code('E2BIG'))
    expect(() => by_index.set(0, 'first' as never)).toThrow(TypeError)
    expect(() => by_index.set(0, {} as never)).toThrow(TypeError)
    by_index.clear()
    expect(by_index.size).toBe(0)
    const like = BpfMap.create({ type: 'hash', keySize: 8, valueSize: 8, maxEntries: 2 })
    by_index.set(0, like)
    like.close()
    expect(by_index.get(0)?.maxEntries).toBe(2)
  })

  test('an inner map is one object while it is in use, and closes with the outer map', async () => {
    const loaded = await load()
    const { by_index, by_key } = loaded.maps
    const before = descriptors()
    const inner = by_index.get(0)
    for (let n = 0; n < 100; n++) expect(by_index.get(0)).toBe(inner)
    expect(descriptors()).toBe(before + 1)
    inner?.close()
    inner?.close()
    expect(descriptors()).toBe(before)
    expect(() => inner?.get(key)).toThrow(/was closed; open it again/)
    const again = by_index.get(0)
    expect(again?.get(key)).toBe(undefined)
    for (let n = 0; n < 50; n++) {
      const made = by_key.createInner()
      by_key.set({ a: n, b: 0 }, made)
      made.close()
    }
    const all = [...by_key.values()]
    expect(descriptors()).toBe(before + 51)
    loaded.destroy()
    expect(() => again?.get(key)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    expect(() => all[0]?.get(0)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    expect(() => by_index.get(0)).toThrow(expect.objectContaining({ code: 'ERR_BPF_STATE' }))
    expect(descriptors()).toBeLessThan(before)
  })

  test('the settings of the declared inner map can be changed before load', async () => {
    const { maps, load } = await open()
    const { by_key } = maps
    const settings = by_key.innerMap
    expect(settings).toEqual({ type: 2, keySize: 4, valueSize: 4, maxEntries: 4, flags: 0 })
    expect(() => (settings.maxEntries = -1)).toThrow(RangeError)
    expect(() => Object.assign(settings, { entries: 1 })).toThrow(TypeError)
    settings.maxEntries = 9
    load()
    const inner = by_key.createInner()
    expect([inner.size, by_key.innerMap.maxEntries]).toEqual([9, 9])
    by_key.set(key, inner)
    expect(() => by_key.set(key, maps.plain)).toThrow(expect.objectContaining({ code: 'EINVAL' }))
    expect(() => (settings.maxEntries = 8)).toThrow(
      expect.objectContaining({ code: 'ERR_BPF_STATE' }),
    )
  })

  test('another map can be the example of the inner maps before load', async () => {
    const { maps, load } = await open()
    const like = BpfMap.create({ type: 'array', keySize: 4, valueSize: 4, maxEntries: 6 })
    maps.by_key.innerMap = like
    expect(maps.by_key.innerMap.maxEntries).toBe(6)
    like.close()
    load()
    maps.by_key.set(key, maps.by_key.createInner())
    expect(maps.by_key.get(key)?.size).toBe(6)
    expect(() => (maps.by_key.innerMap = maps.plain)).toThrow(
      expect.objectContaining({ code: 'ERR_BPF_STATE' }),
    )
  })

  test('inner maps that C puts in must be like the example too', async () => {
    const { maps, load } = await open()
    maps.by_index.innerMap = BpfMap.create({
      type: 'lru_hash',
      keySize: 8,
      valueSize: 8,
      maxEntries: 3,
    })
    expect(load).toThrow(expect.objectContaining({ code: 'EINVAL' }))
  })

  test('need CAP_SYS_ADMIN to open an inner map, and not to read its id', async () => {
    const { file } = await build<Test>(source)
    const { stdout, stderr } = await runChild(
      file,
      `const { maps } = skel.openAndLoad()
       console.log(maps.by_index.ids.get(0) === maps.first.id, maps.by_index.size)
       try { maps.by_index.get(0) } catch ({ code, message }) { console.log(code, message) }
       const made = maps.by_index.createInner()
       maps.by_index.set(0, made)
       console.log(maps.by_index.ids.get(0) === made.id)`,
      { prefix: ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin', '--'] },
    )
    expect(stderr).not.toMatch(/Error/)
    expect(stdout.split('\n')).toEqual([
      'true 2',
      expect.stringMatching(
        /^EPERM cannot open map \d+ in map by_index of test_bpf: .*CAP_SYS_ADMIN/,
      ),
      'true',
      '',
    ])
  })
})
