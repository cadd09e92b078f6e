import { expect, onTestFinished, test } from 'vitest'

import { parseTraceLine } from '../../../src/runtime/events/trace-pipe.ts'
import { ktimeToDate, tracePipe } from '../../../src/runtime/index.ts'
import type { SyscallProgram, SkeletonInstance, TraceLine } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
__u64 mark, monotonic, boot, tai;
SEC("syscall")
int say(void *ctx)
{
	bpf_printk("mark %llu: a-1 [002] b: c", mark);
	monotonic = bpf_ktime_get_ns();
	boot = bpf_ktime_get_boot_ns();
	tai = bpf_ktime_get_tai_ns();
	return 0;
}
`

interface Talking extends SkeletonInstance {
  bss: { mark: bigint; monotonic: bigint; boot: bigint; tai: bigint }
  progs: { say: SyscallProgram }
}

const { default: skel, file } = await build<Talking>(source)

/** Waits until no other process of this machine reads the pipe, which has one reader at a time. */
async function reading<T>(read: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await read()
    } catch (error) {
      if ((error as { code?: string }).code !== 'EBUSY') throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

describeInKernel('the trace pipe', () => {
  test('gives the lines that programs print, as text and in fields', async () => {
    const talking = skel.openAndLoad()
    onTestFinished(() => talking.destroy())
    const mark = BigInt(Math.floor(Math.random() * 1e15))
    talking.bss.mark = mark
    const before = performance.now()
    talking.progs.say.testRun()
    const line = await reading(async () => {
      for await (const each of tracePipe()) if (each.line.includes(`mark ${mark}`)) return each
      throw new Error('the pipe ended')
    })
    expect(line).toMatchObject({
      event: 'bpf_trace_printk',
      message: `mark ${mark}: a-1 [002] b: c`,
      cpu: expect.any(Number),
      pid: expect.any(Number),
      flags: expect.stringMatching(/^\S+$/),
      seconds: expect.any(Number),
    })
    expect(line.line).toContain(line.message)
    expect(performance.now() - before).toBeLessThan(20_000)
  })

  test('ends by its signal while it waits, and opens nothing when the signal has aborted', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 150)
    await reading(async () => {
      for await (const _ of tracePipe({ signal: controller.signal }));
    })
    for await (const _ of tracePipe({ signal: AbortSignal.abort() })) throw new Error('a line')
    // @ts-expect-error there is no such option
    expect(() => tracePipe({ sginal: controller.signal })).toThrow(TypeError)
  })

  test('refuses a second reader and says why', async () => {
    await reading(async () => {
      const controller = new AbortController()
      const first = tracePipe({ signal: controller.signal })
      const waiting = first.next()
      try {
        await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 50))])
        const second = tracePipe({ signal: controller.signal }).next()
        const outcome = await Promise.race([
          second.catch((error: Error) => error.message),
          new Promise((resolve) => setTimeout(resolve, 300)),
        ])
        // Before Linux 6.7 both may read, and share the lines.
        if (typeof outcome === 'string')
          expect(outcome).toMatch(/allows one reader at a time.*\(EBUSY\)/)
      } finally {
        controller.abort()
        await waiting
      }
    })
  })

  test('holds the process open while it is read, and lets it exit afterwards', async () => {
    const { code, signal, stderr, stdout } = await runChild(
      file,
      `setTimeout(() => { console.log('exit'); process.exit(3) }, 700).unref()
       for (;;) try { for await (const _ of runtime.tracePipe()); }
       catch (error) { if (error.code !== 'EBUSY') throw error; await new Promise((resolve) => setTimeout(resolve, 50)) }`,
    )
    expect([code, signal, stderr, stdout]).toEqual([3, null, '', 'exit\n'])
  })
})

describeInKernel("the kernel's clocks", () => {
  test('become dates', () => {
    const talking = skel.openAndLoad()
    onTestFinished(() => talking.destroy())
    const before = Date.now()
    talking.progs.say.testRun()
    const after = Date.now()
    const { monotonic, boot, tai } = talking.bss
    for (const date of [
      ktimeToDate(monotonic),
      ktimeToDate(boot, 'boot'),
      ktimeToDate(tai, 'tai'),
    ]) {
      expect(date.getTime()).toBeGreaterThanOrEqual(before - 1)
      expect(date.getTime()).toBeLessThanOrEqual(after + 1)
    }
    expect(ktimeToDate(Number(monotonic)).getTime()).toBeGreaterThanOrEqual(before - 1)
    expect(ktimeToDate(0n).getTime()).toBeLessThan(before)
    expect(() => ktimeToDate(Number.NaN)).toThrow(RangeError)
    // @ts-expect-error there is no such clock
    expect(() => ktimeToDate(1n, 'wall')).toThrow(TypeError)
  })
})

test.each<[string, Omit<TraceLine, 'line'>]>([
  [
    '            node-1234    [001] d..21  5678.901234: bpf_trace_printk: a: b',
    {
      task: 'node',
      pid: 1234,
      cpu: 1,
      flags: 'd..21',
      seconds: 5678.901234,
      event: 'bpf_trace_printk',
      message: 'a: b',
    },
  ],
  [
    '     kworker/0:1-e-77      (     77) [000] .....   1.000001: sched_switch: prev',
    {
      task: 'kworker/0:1-e',
      pid: 77,
      cpu: 0,
      flags: '.....',
      seconds: 1.000001,
      event: 'sched_switch',
      message: 'prev',
    },
  ],
  [
    '          <...>-9       (-------) [011] d.h1.   1.000001: do_it <-caller',
    {
      task: '<...>',
      pid: 9,
      cpu: 11,
      flags: 'd.h1.',
      seconds: 1.000001,
      message: 'do_it <-caller',
    },
  ],
  ['CPU:3 [LOST 12 EVENTS]', { cpu: 3, lost: 12 }],
  ['anything else', {}],
])('a trace line %j has fields', (line, fields) => {
  expect(parseTraceLine(line)).toEqual({ line, ...fields })
})
