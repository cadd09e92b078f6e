import { execFileSync } from 'node:child_process'
import { arch, cpus, release } from 'node:os'

import { expect, test } from 'vitest'

import { build } from '../kernel/build.ts'
import { runChild } from '../kernel/child.ts'
import { describeInKernel } from '../kernel/permitted.ts'

/** Seconds; `npm run endurance` gives two hours. */
const seconds = Number(process.env['UNPLUGIN_BPF_ENDURANCE'] ?? 15)
const samples = 10
/** Kilobytes that koffi 3.3 keeps of each worker that loaded it; 50 were measured, without anything of ours. */
const leftByKoffi = 80
/** Of the programs, so that those of this run are known among all of the machine: 15 bytes. */
const name = `endure_${process.pid}`

const { file } = await build(`
__u64 count;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
SEC("syscall")
int emit(void *ctx)
{
	__u64 number = ++count;
	bpf_ringbuf_output(&events, &number, sizeof(number), 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int ${name}(void *ctx) { return 0; }
`)

interface Sample {
  readonly lives: number
  readonly workers: number
  readonly events: number
  /** Kilobytes. */
  readonly resident: number
  readonly descriptors: number
  /** Programs of this run that the kernel has. */
  programs: number
}

const script = `
  const { Worker, isMainThread } = await import('node:worker_threads')
  const { readdirSync, readFileSync } = await import('node:fs')
  let events = 0

  /** A skeleton's whole life, with records through its ring. */
  const live = async (opened, load) => {
    await load(opened)
    opened.attach()
    opened.bss.count = 0n
    opened.maps.seen.set(1, 5n)
    opened.maps.perf.on(() => {})
    let seen = 0
    const done = new Promise((resolve) => opened.maps.events.on(() => ++seen === 20 && resolve()))
    for (let n = 0; n < 20; n++) opened.progs.emit.testRun()
    await done
    if (opened.bss.count !== 20n) throw new Error('count ' + opened.bss.count)
    events += seen
    opened.destroy()
  }
  const sync = (opened) => opened.load()
  const aside = (opened) => opened.loadAsync()

  if (!isMainThread) {
    await live(skel.open(), sync)
    await live(skel.open(), aside)
  } else {
    let [lives, workers] = [0, 0]
    const round = async () => {
      for (let n = 0; n < 20; n++) await live(skel.open(), n % 2 ? sync : aside)
      lives += 22
      workers++
      const ended = new Worker(new URL(import.meta.url))
      const code = await new Promise((resolve, reject) => ended.on('exit', resolve).on('error', reject))
      if (code !== 0) throw new Error('worker ' + code)
    }
    const sample = async () => {
      for (let n = 0; n < 5; n++) { gc(); await new Promise((resolve) => setTimeout(resolve, 20)) }
      const [, resident] = /VmRSS:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
      const descriptors = readdirSync('/proc/self/fd').length
      console.log(JSON.stringify({ lives, workers, events, resident: Number(resident), descriptors }))
    }
    const start = performance.now()
    for (let taken = 0; taken < ${samples}; taken++) {
      const until = start + ((taken + 1) * ${seconds} * 1000) / ${samples}
      do { await round() } while (performance.now() < until)
      await sample()
    }
  }
`

describeInKernel('nothing grows', () => {
  test(
    `over ${seconds} seconds of load(), loadAsync(), events and workers`,
    { timeout: (seconds + 120) * 1000 },
    async () => {
      const taken: Sample[] = []
      const { code, signal, stderr } = await runChild(file, script, {
        nodeOptions: ['--expose-gc'],
        onOutput(text) {
          for (const line of text.trim().split('\n')) {
            taken.push({ ...(JSON.parse(line) as Sample), programs: programsOf(name) })
          }
        },
      })
      if (process.env['UNPLUGIN_BPF_ENDURANCE']) {
        console.log(`Linux ${release()}, Node ${process.version}, ${arch()}, ${cpus().length} CPUs`)
        console.table(taken)
      }
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(taken).toHaveLength(samples)
      // The first samples are of a process that still warms up.
      const [warm, last] = [taken.slice(2, 6), taken.slice(6)]
      expect(most(last, 'descriptors')).toBeLessThanOrEqual(most(warm, 'descriptors'))
      expect(most(last, 'programs')).toBeLessThanOrEqual(most(warm, 'programs') + 2)
      const workers = most(last, 'workers') - most(warm, 'workers')
      const grown = most(last, 'resident') - most(warm, 'resident')
      expect(grown - workers * leftByKoffi).toBeLessThan(20_000)
      await expect.poll(() => programsOf(name), { timeout: 20_000 }).toBe(0)
    },
  )
})

function most(
  of: readonly Sample[],
  what: 'descriptors' | 'programs' | 'resident' | 'workers',
): number {
  return Math.max(...of.map((sample) => sample[what]))
}

function programsOf(title: string): number {
  const all = execFileSync('bpftool', ['prog', 'show', '--json'], { maxBuffer: 1 << 26 })
  const list = JSON.parse(all.toString()) as { name?: string }[]
  return list.filter(({ name }) => name === title).length
}
