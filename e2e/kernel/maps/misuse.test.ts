import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct key { __u32 a, b; };
struct inner { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, __u64); };
struct inner alone SEC(".maps");
#define MAP(name, kind, k, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __type(key, k); __type(value, v); } name SEC(".maps")
#define KEYLESS(name, kind, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __type(value, v); } name SEC(".maps")
#define STORAGE(name, kind) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(map_flags, BPF_F_NO_PREALLOC); __type(key, int); __type(value, struct key); } name SEC(".maps")
#define SIZES(name, kind, k, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __uint(key_size, k); __uint(value_size, v); } name SEC(".maps")
MAP(cpu_lru, LRU_PERCPU_HASH, struct key, __u32);
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 8); __uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key); __type(value, struct key); } tries SEC(".maps");
KEYLESS(jobs, QUEUE, struct key);
KEYLESS(undo, STACK, __u64);
KEYLESS(seen, BLOOM_FILTER, struct key);
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32); __array(values, struct inner); } by_index SEC(".maps") = { .values = { &alone } };
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 2); __type(key, struct key); __array(values, struct inner); } by_key SEC(".maps");
MAP(jumps, PROG_ARRAY, __u32, __u32);
MAP(groups, CGROUP_ARRAY, __u32, __u32);
MAP(counters, PERF_EVENT_ARRAY, __u32, __u32);
MAP(devices, DEVMAP, __u32, struct bpf_devmap_val);
MAP(cpus, CPUMAP, __u32, __u32);
MAP(xsks, XSKMAP, __u32, __u32);
MAP(sockets, SOCKMAP, __u32, __u64);
MAP(by_pair, SOCKHASH, struct key, __u32);
MAP(group, REUSEPORT_SOCKARRAY, __u32, __u64);
STORAGE(tasks, TASK_STORAGE);
STORAGE(socks, SK_STORAGE);
SIZES(stacks, STACK_TRACE, 4, 8 * 16);
__u64 data = 1, bss[4];
SEC("raw_tp/sys_enter") int run(void *ctx) { return data + bss[1]; }
`

const { file } = await build(source)

/** Calls every method and accessor of every map with many pairs of values: they may throw, and must not crash. */
const script = `
  const values = [undefined, null, 0, 1, -1, 1.5, NaN, 2 ** 32, 2 ** 53, 7n, -1n, 2n ** 64n, '', 'lo', '/proc/self', 'x\\0y', true,
    Symbol('s'), {}, [], [1], new Uint8Array(0), new Uint8Array(4), new Uint8Array(8), new Uint8Array(4096), { a: 1, b: 2 }, { a: 1 },
    { fd: 0 }, { fd: -1 }, { fd: 'x' }, { fd: 9999 }, { length: 2 ** 31 }, { ifindex: 1 }, () => 1, new Proxy({}, { get() { throw new RangeError('mine') } })]
  const few = [0, 7n, 'exist', new Uint8Array(8), { a: 1, b: 2 }]
  // Methods that would change more than these maps.
  const left = new Set(['constructor', 'pin', 'unpin', 'freeze', 'on', 'consume', 'records'])
  let [calls, errors] = [0, 0]
  const attempt = (call) => {
    calls++
    try {
      const result = call()
      if (result && typeof result.next === 'function') for (let n = 0; n < 20 && !result.next().done; n++);
    } catch (error) {
      errors++
      if (!(error instanceof Error)) throw new Error('not an error: ' + String(error))
    }
  }
  function misuse(map) {
    const names = new Map()
    for (let p = map; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
      for (const name of Reflect.ownKeys(p)) if (!names.has(name)) names.set(name, Object.getOwnPropertyDescriptor(p, name))
    }
    for (const [name, { value, get, set }] of names) {
      if (left.has(name)) continue
      if (get) attempt(() => map[name])
      for (const a of values) {
        if (set) attempt(() => { map[name] = a })
        if (typeof value !== 'function') continue
        attempt(() => map[name](a))
        for (const b of few) attempt(() => map[name](a, b))
      }
    }
  }
  for (const stage of ['open', 'loaded', 'destroyed']) {
    const skeleton = skel.open()
    if (stage === 'open') for (const map of Object.values(skeleton.maps)) misuse(map)
    else {
      skeleton.load()
      if (stage === 'destroyed') skeleton.destroy()
      for (const map of Object.values(skeleton.maps)) {
        misuse(map)
        for (const typed of [() => map.raw, () => map.as(types.key), () => map.as(types.key, types.key), () => map.ids]) {
          try { misuse(typed()) } catch {}
        }
      }
    }
    skeleton.destroy()
  }
  const { BpfMap } = runtime
  for (const a of values) {
    attempt(() => BpfMap.open(a))
    attempt(() => BpfMap.fromId(a))
    attempt(() => BpfMap.create(a))
    for (const name of ['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'mapExtra', 'numaNode', 'ifindex', 'innerMap', 'key', 'value', 'name']) {
      for (const type of ['hash', 'array', 'queue', 'array_of_maps', 'ringbuf']) {
        attempt(() => BpfMap.create({ type, keySize: 4, valueSize: 4, maxEntries: 4, [name]: a }).close())
      }
    }
  }
  console.log(calls + ' calls, ' + errors + ' errors')
  process.exit(0)
`

describeInKernel('misuse of maps', () => {
  test('as() refuses what is no codec, such as an absent type', async () => {
    const { code, stdout } = await runChild(
      file,
      `const { maps } = skel.openAndLoad()
       for (const map of Object.values(maps)) {
         if (typeof map.as !== 'function') continue
         try { map.as(types.nope); console.log(map.name) }
         catch (error) { if (!/^TypeError: as\\(\\) takes a codec/.test(error)) console.log(map.name, error) }
       }
       process.exit(0)`,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })

  test('load() throws for settings that make no sense', async () => {
    const { code, signal, stderr } = await runChild(
      file,
      `for (const setting of ['type', 'keySize', 'valueSize', 'maxEntries', 'flags', 'mapExtra', 'numaNode', 'ifindex']) {
         for (const name of ['cpu_lru', 'jobs', 'by_index', 'counters', 'tasks', 'stacks', 'data', 'bss']) {
           for (const value of [0, 2, 13, 26, 33, 4096, 2 ** 32 - 1]) {
             // As much memory as the machine has.
             if (setting === 'maxEntries' && value > 1 << 20) continue
             const skeleton = skel.open()
             try {
               skeleton.maps[name][setting] = value
               skeleton.load()
             } catch (error) {
               if (!(error instanceof BpfError || error instanceof RangeError)) throw error
             }
             skeleton.destroy()
           }
         }
       }
       process.exit(0)`,
    )
    expect({ code, signal, stderr: stderr.replace(/^cpu .*\n/m, '') }).toEqual({
      code: 0,
      signal: null,
      stderr: '',
    })
  })

  test('methods throw, and never crash the process', { timeout: 300_000 }, async () => {
    const { code, signal, stdout, stderr } = await runChild(file, script)
    expect({ code, signal, stderr: stderr.replace(/^cpu .*\n/m, '') }).toEqual({
      code: 0,
      signal: null,
      stderr: '',
    })
    const [calls, errors] = (stdout.match(/\d+/g) ?? []).map(Number)
    expect(calls).toBeGreaterThan(20_000)
    expect(errors).toBeGreaterThan(10_000)
  })
})
