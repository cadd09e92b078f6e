import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 ts; __u32 pid; char name[8]; __u8 raw[4]; };
struct event last;
__u64 count;
__u32 slots[4];
const volatile __u32 target;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); __type(value, struct event); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 8); __type(key, __u32); __type(value, struct event); } mapped SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 8); __type(value, __u64); } queue SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_USER_RINGBUF); __uint(max_entries, 4096); } sent SEC(".maps");
SEC("syscall") int emit(void *ctx)
{
	last.ts = ++count + target;
	last.name[0] = 'e';
	last.name[1] = (char)0xc3;
	last.name[2] = (char)0xa9;
	bpf_ringbuf_output(&events, &last, sizeof(last), 0);
	return 0;
}
SEC("raw_tp/sys_enter") int on_enter(void *ctx) { return 0; }
SEC("xdp") int on_packet(void *ctx) { return 2; }
SEC("uprobe.multi") int on_call(void *ctx) { return 0; }
`

const { file } = await build(source)
const reachable = JSON.stringify(fileURLToPath(new URL('reachable.ts', import.meta.url)))
const spies = JSON.stringify(fileURLToPath(new URL('spied-globals.ts', import.meta.url)))

async function run(script: string): Promise<string> {
  const { code, signal, stdout, stderr } = await runChild(file, script)
  expect({ signal, code, stderr }).toEqual({ signal: null, code: 0, stderr: '' })
  return stdout
}

/** An agent's operations, once each. */
const life = `
const value = { ts: 1n, pid: 2, name: 'é', raw: [1, 2, 3, 4] }
const packet = new Uint8Array(64)
const uses = {
  get: (s) => { s.maps.seen.set(1, value); s.maps.seen.get(1); s.maps.seen.has(1); s.maps.seen.delete(2) },
  walk: (s) => { [...s.maps.seen]; [...s.maps.cpus.values()]; s.maps.seen.size },
  raw: (s) => { s.maps.seen.raw.set(new Uint8Array(4), new Uint8Array(24)); s.maps.seen.raw.get(new Uint8Array(4)) },
  take: (s) => { s.maps.seen.take(1); [...s.maps.seen.drain()]; s.maps.seen.clear() },
  cpus: (s) => { const all = s.maps.cpus.get(0); s.maps.cpus.set(0, all) },
  queue: (s) => { s.maps.queue.push(1n); s.maps.queue.peek(); s.maps.queue.pop() },
  run: (s) => { s.progs.emit.testRun(); s.progs.on_packet.testRun({ data: packet }) },
  consume: (s) => { s.progs.emit.testRun(); s.maps.events.as(types.event).consume((view) => { view.ts; view.pid; view.name; [...view.raw]; runtime.snapshot(view) }) },
  send: (s) => { s.maps.sent.as(types.event).send(value) },
  section: (s) => { s.bss.count = 5n; s.bss.slots[3] = 7; [...s.bss.slots]; s.bss.slots.toArray(); s.bss.last.name = 'é'; s.bss.last.name; s.rodata.target; runtime.snapshot(s.bss) },
  mapped: (s) => { s.maps.mapped.view[1] = value; s.maps.mapped.view[1].name; s.maps.mapped.view.toArray() },
  info: (s) => { s.maps.seen.info; s.progs.emit.info; s.maps.seen.id },
}`

describeInKernel('objects that misstate their own properties', () => {
  test('bytes are copied by their true length, whatever their length property says', async () => {
    const stdout = await run(
      `const lying = (size, says) => {
         const bytes = new Uint8Array(size).fill(7)
         for (const name of ['length', 'byteLength', 'byteOffset', 'buffer', 'constructor']) Object.defineProperty(bytes, name, { get: () => says })
         return bytes
       }
       const trace = skel.openAndLoad()
       const lengths = []
       for (const says of [0, 1 << 20, 2 ** 31, -1, NaN]) {
         for (let n = 0; n < 50; n++) lengths.push(trace.progs.on_packet.testRun({ data: lying(64, says) }).data.length)
         lengths.push(trace.progs.emit.testRun({ ctx: lying(0, says) }).ctx.length)
       }
       let count = 0
       const names = new Proxy(['malloc'], { get: (at, key) => (key === 'length' ? (count++ ? 100_000 : 1) : Reflect.get(at, key)) })
       try { trace.progs.on_call.attachUprobeMulti('libc.so.6', names, { cookies: names }) } catch (error) { lengths.push(error.name) }
       try { trace.progs.on_call.attachUprobeMulti('libc.so.6', [1n], { cookies: new Proxy([1n], { get: (at, key) => (key === 'length' ? 1 : key === 'map' ? () => [] : Reflect.get(at, key)) }) }).destroy() } catch (error) { lengths.push(error.name) }
       for (const wrong of [Object.create(Uint8Array.prototype), new Proxy(new Uint8Array(64), {}), { length: 64, byteLength: 64 }]) {
         try { trace.progs.on_packet.testRun({ data: wrong }) } catch (error) { lengths.push(error.name) }
       }
       const gone = new Uint8Array(64)
       structuredClone(gone.buffer, { transfer: [gone.buffer] })
       try { lengths.push(trace.progs.on_packet.testRun({ data: gone }).data.length) } catch (error) { lengths.push(error.name) }
       console.log([...new Set(lengths)].join())
       trace.destroy()`,
    )
    expect(stdout.trim()).toBe('64,0,TypeError')
  })

  test('no function that users can replace gets native memory', async () => {
    const stdout = await run(
      `const { spied, watchKoffi } = await import(${spies})
       ${life}
       watchKoffi()
       const trace = skel.openAndLoad()
       for (const use of Object.values(uses)) use(trace)
       const leaks = {}
       for (const [name, use] of Object.entries(uses)) {
         const found = spied(() => use(trace))
         if (found.length > 0) leaks[name] = found
       }
       const opened = spied(() => skel.openAndLoad().destroy())
       if (opened.length > 0) leaks.open = opened
       console.log(JSON.stringify(leaks))
       trace.destroy()`,
    )
    expect(JSON.parse(stdout)).toEqual({})
  })

  test('nothing that a skeleton hands out leads to an address or to native memory', async () => {
    const stdout = await run(
      `const { isNative, watchKoffi } = await import(${spies})
       const { nativeReachableFrom } = await import(${reachable})
       watchKoffi()
       ${life}
       const open = skel.open()
       const trace = skel.openAndLoad()
       trace.links.on_call = trace.progs.on_call.attachUprobeMulti('libc.so.6', ['malloc'])
       for (const use of Object.values(uses)) use(trace)
       const { maps } = trace
       const typed = maps.events.as(types.event)
       const roots = {
         open, trace, types, skel, BpfMap: runtime.BpfMap, Link: runtime.Link,
         link: trace.links.on_call, subscription: typed.on(() => {}), loop: typed[Symbol.asyncIterator](), stream: runtime.events({ typed }),
         entries: maps.seen.entries(), keys: maps.cpus.keys(), view: maps.mapped.view, raw: maps.seen.raw, made: runtime.BpfMap.create({ type: 'hash', keySize: 4, valueSize: 4, maxEntries: 1 }),
       }
       const found = {}
       for (const [name, root] of Object.entries(roots)) {
         const places = nativeReachableFrom(root, isNative)
         if (places.length > 0) found[name] = places.slice(0, 12)
       }
       trace.progs.emit.testRun()
       typed.consume((view) => {
         const places = nativeReachableFrom(view, isNative)
         if (places.length > 0) found.record = places
       })
       console.log(JSON.stringify(found))
       process.exit(0)`,
    )
    expect(JSON.parse(stdout)).toEqual({})
  })

  test('an object that only looks like a handle, a program or a map is refused', async () => {
    const stdout = await run(
      `const trace = skel.openAndLoad()
       const link = trace.progs.on_enter.attach()
       const { emit, on_packet } = trace.progs
       const forged = { pointer: 8, name: 'x', links: { life: { requireLoaded() {}, requireOpen() {} } }, info: () => ({}), liveFd: 3, generation: 0, requireFd: () => 3 }
       const fake = { autoload: true, fd: 3, title: 'x', pointer: () => 8, readable: () => 8, failure: () => new Error('x') }
       const calls = {
         program: () => new emit.constructor(forged).attach(),
         'program by prototype': () => emit.attach.call(fake),
         'program with no handle': () => Object.create(Object.getPrototypeOf(emit)).attach(),
         successor: () => link.update(fake),
         map: () => new trace.maps.seen.constructor(forged, {}).get(1),
         'map by prototype': () => trace.maps.seen.get.call(forged, 1),
         ring: () => new trace.maps.events.constructor(forged).consume(() => {}),
         stream: () => runtime.events([{ opening: () => ({}), malformed: 0 }]),
         pin: () => on_packet.pin.call(fake, '/sys/fs/bpf/x'),
       }
       const names = {}
       for (const [name, call] of Object.entries(calls)) {
         try { call(); names[name] = 'taken' } catch (error) { names[name] = error.name }
       }
       console.log(JSON.stringify(names))
       trace.destroy()`,
    )
    const names = Object.entries(JSON.parse(stdout) as Record<string, string>)
    expect(names.filter(([, name]) => name !== 'TypeError')).toEqual([])
    expect(names).toHaveLength(9)
  })
})
