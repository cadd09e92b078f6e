import { readFileSync } from 'node:fs'

import skel, { types } from './samples.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

type Instance = ReturnType<typeof skel.open>

interface SampleRecord {
  number: bigint
  pid: number
  comm: string
}

const COOKIE = 0x1234_5678_9abc_def0n
const LIBC = { symbol: 'getppid', pid: 'self' }

export const samples: readonly Scenario[] = [
  {
    name: 'uprobe',
    run: () =>
      loaded('uprobe', ({ progs, bss }) => {
        const link = progs.uprobe.attachUprobe('libc.so.6', { ...LIBC, cookie: COOKIE })
        void process.ppid
        equal('the count of calls and the cookie', [bss.hits, bss.value], [1n, COOKIE])
        link.destroy()
        void process.ppid
        equal('the count after destroy()', bss.hits, 1n)
      }),
  },
  {
    name: 'uretprobe',
    run: () =>
      loaded('uretprobe', ({ progs, bss }) => {
        progs.uretprobe.attachUprobe('libc.so.6', { ...LIBC, retprobe: true })
        const { ppid } = process
        equal('the count of returns and their value', [bss.hits, bss.value], [1n, BigInt(ppid)])
      }),
  },
  {
    name: 'uprobe.multi',
    run: () =>
      loaded('uprobe_multi', ({ progs, bss }) => {
        progs.uprobe_multi.attachUprobeMulti('libc.so.6', 'getppi?', { pid: 'self' })
        void process.ppid
        equal('the count of calls', bss.hits, 1n)
      }),
  },
  {
    name: 'perf_event',
    run: () =>
      loaded('perf_event', ({ progs, bss }) => {
        const period = 1_000_000
        progs.perf_event.attachPerfEvent({ type: 'software', config: 0, period })
        until('a sample', () => bss.hits > 0n)
        equal('the period in nanoseconds', bss.value, BigInt(period))
      }),
  },
  {
    name: 'ring buffer',
    run: () =>
      loaded('ring_buffer', async ({ progs, maps }) => {
        progs.ring_buffer.testRun()
        progs.ring_buffer.testRun()
        const numbers: bigint[] = []
        for await (const record of maps.records.as(types['record'])) {
          expectOwn(record)
          if (numbers.push(record.number) === 2) break
        }
        equal('the numbers', numbers, [1n, 2n])
      }),
  },
  {
    name: 'perf buffer',
    run: () =>
      loaded('perf_buffer', async ({ progs, maps }) => {
        const first = new Promise<SampleRecord>((resolve) => maps.perf_records.on(resolve))
        progs.perf_buffer.attach()
        process.getegid?.()
        expectOwn(await first)
      }),
  },
]

function expectOwn({ pid, comm }: SampleRecord): void {
  const own = readFileSync('/proc/self/comm', 'utf8').trim()
  equal('the record', [pid, comm], [process.pid, own])
}

async function loaded(
  name: string,
  act: (instance: Instance) => void | Promise<void>,
): Promise<void> {
  const instance = skel.open()
  try {
    instance.progs[name].autoload = true
    instance.rodata.target = process.pid
    await act(instance.load())
  } finally {
    instance.destroy()
  }
}

/** Keeps the processor busy until it holds; generous, since the processor may be emulated. */
function until(what: string, holds: () => boolean): void {
  const end = performance.now() + 30_000
  while (!holds()) if (performance.now() > end) throw new Error(`${what} never came`)
}
