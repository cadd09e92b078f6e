import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { execa } from 'execa'
import { afterAll, describe, expect, test } from 'vitest'

import { build } from '../kernel/build.ts'
import { runChild } from '../kernel/child.ts'
import { describeInKernel } from '../kernel/permitted.ts'
import { faultsIn, hasValgrind, nodeUnderValgrind } from './valgrind.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { file } = await build(`
struct event { __u64 ts; char name[12]; };
__u64 count;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 4); __type(value, __u32); } queue SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
SEC("tc")
int packet(struct __sk_buff *skb)
{
	struct event e = { .ts = ++count, .name = "packet" };
	bpf_ringbuf_output(&events, &e, sizeof(e), 0);
	bpf_perf_event_output(skb, &perf, BPF_F_CURRENT_CPU, &e, sizeof(e));
	skb->mark = 7;
	return skb->len;
}
SEC("raw_tp/sys_enter")
int on_enter(void *ctx) { return 0; }
`)

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'unplugin-bpf-memcheck-'))
  folders.push(path)
  return path
}

const describeUnderValgrind = hasValgrind()
  ? describeInKernel
  : (name: string, tests: () => void): void => void describe.skip(`${name} (lacks valgrind)`, tests)

describeUnderValgrind("under valgrind's memcheck", () => {
  // Without it, silence would tell nothing.
  test('what bpf(2) writes behind the end of a buffer is found', { timeout: 300_000 }, async () => {
    const logs = folder()
    const { stdout } = await runChild(
      file,
      `const { createRequire } = await import('node:module')
       const koffi = createRequire(import.meta.url)('koffi')
       const trace = skel.openAndLoad()
       const lookup = koffi.load('libbpf.so.1').func('int bpf_map_lookup_elem(int, void *, uintptr_t)')
       const short = new ArrayBuffer(8)
       trace.maps.seen.set(1, { ts: 1, name: 'x' })
       console.log(lookup(trace.maps.seen.fd, new Uint32Array([1]), koffi.address(short)), short.byteLength)`,
      { host: nodeUnderValgrind(logs) },
    )
    expect(stdout).toBe('0 8\n')
    expect(faultsIn(logs).join()).toMatch(/bpf\(attr->value\) points to unaddressable/)
  })

  test(
    'maps, events, links and test runs touch nothing that is not theirs',
    { timeout: 300_000 },
    async () => {
      const logs = folder()
      const { code, signal, stdout, stderr } = await runChild(
        file,
        `setLog(() => {})
       const trace = skel.openAndLoad().attach()
       const { seen, cpus, queue, events, perf } = trace.maps
       for (let key = 0; key < 20; key++) seen.set(key, { ts: key, name: 'name ' + key })
       const found = [[...seen].length, seen.get(3).name, seen.take(3).ts, seen.delete(4), seen.has(4), [...seen.drain()].length]
       cpus.set(1, cpus.get(1).map((_, cpu) => cpu))
       queue.push(1)
       queue.push(2)
       found.push(cpus.get(1)[0], queue.peek(), queue.pop(), queue.info.type)
       let [rings, samples] = [0, 0]
       events.on(() => rings++)
       perf.on(() => samples++)
       const packet = new Uint8Array(64)
       const run = trace.progs.packet.testRun({ data: packet, ctx: new Uint8Array(192), repeat: 3 })
       while (rings < 3 || samples < 3) await new Promise((resolve) => setTimeout(resolve, 5))
       found.push(run.retval, run.data.length, run.ctx.length)
       found.push(trace.progs.packet.info.name, trace.links.on_enter.info.type)
       const link = trace.progs.on_enter.attachRawTracepoint('sys_exit')
       found.push(link.id > 0)
       link.destroy()
       trace.detach()
       await skel.open().loadAsync().then((other) => other.destroy())
       const refused = skel.open()
       refused.maps.seen.maxEntries = 0
       try { refused.load() } catch (error) { found.push(error.code) }
       refused.destroy()
       trace.destroy()
       console.log(JSON.stringify(found, (key, value) => (typeof value === 'bigint' ? Number(value) : value)))`,
        { host: nodeUnderValgrind(logs) },
      )
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(stdout).toBe(
        '[20,"name 3",3,true,false,18,0,1,1,22,64,64,192,"packet","raw_tracepoint",true,"EINVAL"]\n',
      )
      expect(faultsIn(logs)).toEqual([])
    },
  )
})

/** `npm run memcheck`: the tests themselves. */
const suites = ['maps', 'events', 'links', 'programs'].flatMap((room) =>
  readdirSync(join(root, 'e2e/kernel', room))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `e2e/kernel/${room}/${name}`),
)

if (process.env['UNPLUGIN_BPF_MEMCHECK'] === 'all') {
  test.each(suites)('%s', { timeout: 1_800_000 }, async (suite) => {
    const work = folder()
    const logs = join(work, 'logs')
    mkdirSync(logs)
    // What Vitest starts its workers with.
    const node = join(work, 'node')
    writeFileSync(node, `#!/bin/sh\nexec ${nodeUnderValgrind(logs).join(' ')} "$@"\n`)
    chmodSync(node, 0o755)
    const preload = join(work, 'preload.cjs')
    // Vitest gives a worker a minute to start.
    writeFileSync(
      preload,
      `process.execPath = ${JSON.stringify(node)}
       const { setTimeout: wait } = globalThis
       globalThis.setTimeout = (call, delay, ...values) =>
         wait(call, delay >= 60_000 ? 20 * delay : delay, ...values)\n`,
    )
    const limits = ['--testTimeout=1200000', '--hookTimeout=1200000']
    const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--pool=forks', ...limits]
    const outer = Object.entries(process.env).filter(([name]) => !name.startsWith('VITEST'))
    const { all, exitCode } = await execa(
      process.execPath,
      ['--require', preload, ...vitest, suite],
      { cwd: root, env: Object.fromEntries(outer), extendEnv: false, all: true, reject: false },
    )
    console.log(all)
    expect(faultsIn(logs)).toEqual([])
    // Where time is measured, valgrind is too slow: such failures are said, and only memory counts here.
    expect(all).toMatch(/Tests .*\d+ passed/)
    expect([0, 1]).toContain(exitCode)
  })
}
