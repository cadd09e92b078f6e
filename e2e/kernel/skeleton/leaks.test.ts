import { execFileSync } from 'node:child_process'

import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 ts; __u32 pid; char name[8]; };
__u64 count;
const volatile __u32 target;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
SEC("syscall")
int emit(void *ctx)
{
	struct event e = { .ts = ++count + target };
	bpf_ringbuf_output(&events, &e, sizeof(e), 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int on_enter(void *ctx) { return 0; }
`

const { file } = await build(source)
/** For a long run: BPF_CYCLES=10000. */
const cycles = Number(process.env['BPF_CYCLES'] ?? 1000)

interface Use {
  descriptors: number
  /** Kilobytes. */
  resident: number
}

describeInKernel('nothing is left behind', () => {
  test(`by ${cycles} times open, load, attach, use and destroy`, async () => {
    const { code, signal, stdout, stderr } = await runChild(
      file,
      `const { readdirSync, readFileSync } = await import('node:fs')
         const use = async () => {
           for (let n = 0; n < 5; n++) { gc(); await new Promise((resolve) => setTimeout(resolve, 10)) }
           const [, resident] = /VmRSS:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
           return { descriptors: readdirSync('/proc/self/fd').length, resident: Number(resident) }
         }
         const cycle = () => {
           const trace = skel.openAndLoad().attach()
           trace.bss.count = 1n
           trace.maps.seen.set(1, { ts: 1, pid: 1, name: 'x' })
           trace.maps.cpus.get(0)
           trace.maps.events.on(() => {})
           trace.maps.perf.on(() => {})
           trace.destroy()
         }
         const used = []
         for (let n = 0; n <= ${cycles}; n++) {
           if (n % (${cycles} / 5) === 0) used.push(await use())
           else if (n % 50 === 0) { gc(); await new Promise((resolve) => setTimeout(resolve)) }
           cycle()
         }
         console.log(JSON.stringify(used))`,
      { nodeOptions: ['--expose-gc'] },
    )
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    const used = JSON.parse(stdout) as Use[]
    if (process.env['BPF_CYCLES']) console.log(used)
    const [, warm, ...later] = used
    const last = later.at(-1)
    // Links, programs and maps live by their descriptors.
    expect(last?.descriptors).toBe(warm?.descriptors)
    expect((last?.resident ?? 0) - (warm?.resident ?? 0)).toBeLessThan(20_000)
  }, 600_000)

  test(`by ${cycles} times loadAsync()`, async () => {
    const { code, signal, stdout, stderr } = await runChild(
      file,
      `const { readdirSync, readFileSync } = await import('node:fs')
       const use = () => {
         gc()
         const [, resident] = /VmRSS:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
         return { descriptors: readdirSync('/proc/self/fd').length, resident: Number(resident) }
       }
       const used = []
       for (let n = 0; n <= ${cycles}; n++) {
         const trace = skel.open()
         await trace.loadAsync()
         trace.destroy()
         if (n % (${cycles} / 2) === 0) used.push(use())
       }
       console.log(JSON.stringify(used))`,
      { nodeOptions: ['--expose-gc'] },
    )
    expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
    if (process.env['BPF_CYCLES']) console.log(stdout)
    const [, warm, last] = JSON.parse(stdout) as Use[]
    expect(last?.descriptors).toBe(warm?.descriptors)
    expect((last?.resident ?? 0) - (warm?.resident ?? 0)).toBeLessThan(20_000)
  }, 600_000)

  test('in the kernel by a process that is killed', async () => {
    let ids: Record<'map' | 'prog' | 'link', number> | undefined
    const { signal } = await runChild(
      file,
      `const trace = skel.openAndLoad().attach()
       trace.maps.events.on(() => {})
       const { readFileSync } = await import('node:fs')
       const [, prog] = /prog_id:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + trace.progs.on_enter.fd, 'utf8'))
       console.log(JSON.stringify({ map: trace.maps.events.id, prog: Number(prog), link: trace.links.on_enter.id }))`,
      {
        onOutput(text, kill) {
          ids = JSON.parse(text) as typeof ids
          for (const [kind, id] of Object.entries(ids ?? {})) expect(shown(kind, id)).toBe(true)
          kill('SIGKILL')
        },
      },
    )
    expect(signal).toBe('SIGKILL')
    for (const [kind, id] of Object.entries(ids ?? { none: 0 })) {
      // The kernel frees them after a grace period.
      await expect.poll(() => shown(kind, id), { timeout: 20_000 }).toBe(false)
    }
  })
})

/** Whether the kernel has it. */
function shown(kind: string, id: number): boolean {
  try {
    execFileSync('bpftool', [kind, 'show', 'id', String(id)], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}
