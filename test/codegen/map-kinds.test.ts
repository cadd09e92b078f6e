import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { writeDeclarations } from '../../src/codegen/declaration-file.ts'
import { buildSkeleton } from '../../src/codegen/skeleton.ts'
import { build, PRELUDE, project } from './project.ts'
import { tsconfig, typeCheck, VERSIONS } from './typescript.ts'

const source = `
struct key { __u32 a, b; };
struct value { __u64 count; char name[8]; };
struct inner { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, struct key); __type(value, __u64); };
#define MAP(name, kind, k, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __type(key, k); __type(value, v); } name SEC(".maps")
#define KEYLESS(name, kind, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __type(value, v); } name SEC(".maps")
#define SIZES(name, kind, k, v) struct { \\
	__uint(type, BPF_MAP_TYPE_##kind); __uint(max_entries, 8); __uint(key_size, k); __uint(value_size, v); } name SEC(".maps")

MAP(lru, LRU_HASH, struct key, struct value);
MAP(cpu_lru, LRU_PERCPU_HASH, struct key, __u64);
MAP(tries, LPM_TRIE, struct key, struct value);
KEYLESS(jobs, QUEUE, struct value);
KEYLESS(undo, STACK, __u64);
KEYLESS(seen, BLOOM_FILTER, struct key);
struct { __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); __uint(max_entries, 2); __type(key, __u32); __array(values, struct inner); } by_index SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 2); __type(key, struct key); __array(values, struct inner); } by_key SEC(".maps");
SIZES(untyped, HASH_OF_MAPS, 8, 4);
MAP(jumps, PROG_ARRAY, __u32, __u32);
SIZES(groups, CGROUP_ARRAY, 4, 4);
SIZES(devices, DEVMAP, 4, 4);
MAP(redirects, DEVMAP_HASH, __u32, struct bpf_devmap_val);
MAP(cpus, CPUMAP, __u32, struct bpf_cpumap_val);
MAP(xsks, XSKMAP, __u32, __u32);
MAP(sockets, SOCKMAP, __u32, __u64);
MAP(by_pair, SOCKHASH, struct key, __u64);
MAP(group, REUSEPORT_SOCKARRAY, __u32, __u64);
MAP(tasks, TASK_STORAGE, int, struct value);
MAP(inodes, INODE_STORAGE, int, struct value);
MAP(socks, SK_STORAGE, int, struct value);
struct { __uint(type, 32); __type(key, int); __type(value, struct value); } cgroups SEC(".maps");
MAP(attached, CGROUP_STORAGE, __u64, struct value);
MAP(attached_cpus, PERCPU_CGROUP_STORAGE, __u64, __u64);
SIZES(stacks, STACK_TRACE, 4, 8 * 127);
struct { __uint(type, BPF_MAP_TYPE_STACK_TRACE); __uint(max_entries, 8); __uint(map_flags, BPF_F_STACK_BUILD_ID);
	__uint(key_size, 4); __uint(value_size, 32 * 127); } build_ids SEC(".maps");
SIZES(bytes, HASH, 3, 5);
SEC("xdp") int pass(void *ctx) { return 2; }
`

/** Each map's kind in the generated module, and its type in the declarations. */
const kinds: [map: string, factory: string, type: string][] = [
  ['lru', 'hashMap(key, value)', 'HashMap<key, value>'],
  ['cpu_lru', 'perCpuHashMap(key, u64)', 'PerCpuHashMap<key, bigint>'],
  ['tries', 'lpmTrie(key, value)', 'LpmTrie<key, value>'],
  ['jobs', 'queue(value)', 'Queue<value>'],
  ['undo', 'queue(u64)', 'Stack<bigint>'],
  ['seen', 'bloomFilter(key)', 'BloomFilter<key>'],
  ['by_index', 'arrayOfMaps(hashMap(key, u64))', 'ArrayOfMaps<rt.HashMap<key, bigint>>'],
  ['by_key', 'hashOfMaps(hashMap(key, u64), key)', 'HashOfMaps<key, rt.HashMap<key, bigint>>'],
  ['untyped', 'hashOfMaps(bpfMap())', 'HashOfMaps<globalThis.Uint8Array, rt.BpfMap>'],
  ['jumps', 'progArray()', 'ProgArray'],
  ['groups', 'cgroupArray()', 'CgroupArray'],
  ['devices', 'devMap(u32)', 'DevMap<number>'],
  ['redirects', 'devMap(bpf_devmap_val)', 'DevMap<bpf_devmap_val>'],
  ['cpus', 'cpuMap(bpf_cpumap_val)', 'CpuMap<bpf_cpumap_val>'],
  ['xsks', 'xskMap()', 'XskMap'],
  ['sockets', 'sockMap()', 'SockMap'],
  ['by_pair', 'sockHash(key)', 'SockHash<key>'],
  ['group', 'sockMap()', 'SockMap'],
  ['tasks', 'taskStorage(value)', 'TaskStorage<value>'],
  ['inodes', 'inodeStorage(value)', 'InodeStorage<value>'],
  ['socks', 'skStorage(value)', 'SkStorage<value>'],
  ['cgroups', 'cgrpStorage(value)', 'CgrpStorage<value>'],
  ['attached', 'cgroupStorage(u64, value)', 'CgroupStorage<bigint, value>'],
  ['attached_cpus', 'perCpuCgroupStorage(u64, u64)', 'PerCpuCgroupStorage<bigint, bigint>'],
  ['stacks', 'stackTraceMap()', 'StackTraceMap'],
  ['build_ids', 'stackTraceMap()', 'BuildIdStackMap'],
  ['bytes', 'hashMap()', 'HashMap<globalThis.Uint8Array, globalThis.Uint8Array>'],
]

const use = `
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import { BpfMap, type HashMap, type Standalone } from 'unplugin-bpf/runtime'
import skel, { types, type key, type value } from './kinds.bpf.c'

const { maps, progs } = skel.open()
const k: key = { a: 1, b: 2 }
const v: value = { count: 1n, name: 'x' }
maps.lru.reuse(maps.lru).reuse(3).reuse('/sys/fs/bpf/x').mapExtra = 5
maps.cpu_lru.set(k, [1, 2n])
const found: value | undefined = maps.tries.get(k) ?? maps.jobs.push(v, 'exist').pop() ?? maps.jobs.peek()
for (const n of maps.undo.drain()) void (n satisfies bigint)
const known: boolean = maps.seen.add(k).has(k)
const inner: Standalone<HashMap<key, bigint>> | undefined = maps.by_index.get(0)
inner?.set(k, 1).close()
maps.by_index.set(0, maps.lru).set(1, maps.by_index.createInner({ name: 'n', maxEntries: 2 })).set(0, 7)
maps.by_key.innerMap.maxEntries = 4
maps.by_key.innerMap = maps.lru
for (const [{ a }, map] of maps.by_key.set(k, maps.lru, 'noexist')) void [a, map.get(k) satisfies bigint | undefined]
maps.jumps.set(0, progs.pass).set(1, progs.pass.fd)
const program: number | undefined = maps.jumps.get(0)
maps.groups.set(0, '/sys/fs/cgroup').set(1, 5).delete(0)
maps.devices.set(0, 'lo').set(1, 2)
maps.redirects.set(0, 'lo').set(1, { ifindex: 1, bpf_prog: { fd: progs.pass.fd } })
const device: number | undefined = maps.redirects.get(0)?.bpf_prog.id
maps.cpus.set(0, 192).set(1, { qsize: 192, bpf_prog: { fd: 3 } })
const socket = connect(1)
maps.sockets.set(0, socket).set(1, createSocket('udp4')).set(2, 3, 'noexist')
const cookie: bigint | undefined = maps.by_pair.set(k, socket).get(k)
const stored: value | undefined = maps.tasks.set(process.pid, v).get(1)
maps.inodes.set('/etc/passwd', v).set(3, v)
maps.socks.set(socket, v, 'exist')
maps.cgroups.delete('/sys/fs/cgroup')
maps.attached_cpus.set(1, [1, 2])
const frames: bigint[] | undefined = maps.stacks.take(1)
const build: Uint8Array | undefined = maps.build_ids.get(1)?.[0]?.build_id
using made = BpfMap.create({ type: 'lru_hash', key: types.key, value: types.value, maxEntries: 4 })
made.set(k, v)
using raw = BpfMap.create({ type: 'queue', valueSize: 4, maxEntries: 4 })
raw.push(new Uint8Array(4))
const typed: HashMap<key, value> = BpfMap.open('/sys/fs/bpf/x', 'hash').as(types.value, types.key)
const any: BpfMap = BpfMap.fromId(5)
if (any instanceof BpfMap) any.info.memlock satisfies number
void [found, known, program, device, cookie, stored, frames, build, typed]

// @ts-expect-error a queue has no keys
maps.jobs.get(1)
// @ts-expect-error a queue's flag
maps.jobs.push(v, 'noexist')
// @ts-expect-error another value
maps.undo.push('x')
// @ts-expect-error a filter forgets nothing
maps.seen.delete(k)
// @ts-expect-error not a map
maps.by_index.set(0, progs.pass)
// @ts-expect-error keys are structs
maps.by_key.get(1)
// @ts-expect-error not a program
maps.jumps.set(0, 'pass')
// @ts-expect-error not a program but a map
maps.jumps.set(0, maps.jumps)
// @ts-expect-error nobody tells what is in it
maps.groups.get(0)
// @ts-expect-error neither path nor descriptor
maps.groups.set(0, {})
// @ts-expect-error no interface
maps.devices.set(0, true)
// @ts-expect-error no such field
maps.redirects.set(0, { index: 1 })
// @ts-expect-error no socket
maps.sockets.set(0, 'socket')
// @ts-expect-error a pid
maps.tasks.get('self')
// @ts-expect-error no walk over storage
maps.tasks.keys()
// @ts-expect-error a path
maps.inodes.get({})
// @ts-expect-error only the kernel writes stacks
maps.stacks.set(1, [1n])
// @ts-expect-error comes with the attachment
maps.attached.delete(1)
// @ts-expect-error no such type of map
BpfMap.create({ type: 'hashmap', maxEntries: 1 })
// @ts-expect-error no such option
BpfMap.create({ type: 'hash', size: 1 })
// @ts-expect-error not the skeleton's to close
maps.lru.close()
`

describe('each kind of map', () => {
  it('is made by its own factory and declared as its own type', async () => {
    const { file, code, declarationsFor } = await build(source)
    const module = code.replaceAll('/*#__PURE__*/ ', '')
    const text = declarationsFor(file)
    for (const [map, factory, type] of kinds) {
      expect(module).toContain(`{ name: '${map}', kind: ${factory} },`)
      expect(text).toContain(`readonly ${map}: rt.${type}\n`)
    }
  })

  // Each checks the runtime's sources as well; the oldest and the newest.
  it.each([VERSIONS[0], VERSIONS[2]])(
    'compiles under %s in right uses, and not in wrong ones',
    async (version) => {
      const folder = project({
        'package.json': '{ "type": "module" }',
        'tsconfig.json': tsconfig,
        'use.ts': use,
      })
      const file = join(folder, 'kinds.bpf.c')
      writeFileSync(file, PRELUDE + source)
      const { declarationsFor, diagnostics } = await buildSkeleton(file, { cache: false })
      if (!declarationsFor) throw new Error(diagnostics.map(({ message }) => message).join('\n'))
      const declarations = join(folder, 'kinds.bpf.d.c.ts')
      await writeDeclarations(declarations, declarationsFor(declarations))
      expect(await typeCheck(folder, version)).toBe('')
    },
    300_000,
  )
})
