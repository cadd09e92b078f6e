import { expect, test } from 'vitest'

import { build } from '../build.ts'
import type { ChildOptions } from '../child.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'
import { release } from '../release.ts'

const { file } = await build(`
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } first SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u32); } second SEC(".maps");
SEC("syscall")
int short_one(void *ctx)
{
	__u32 key = 1;
	return (long)bpf_map_lookup_elem(&first, &key) + (long)bpf_map_lookup_elem(&second, &key) != 0;
}
// The verifier walks each turn, for tens of milliseconds.
SEC("?raw_tp/sys_enter")
int long_one(void *ctx)
{
	volatile long sum = 0;
	for (int i = 0; i < 60000; i++) sum += i;
	return sum;
}
`)

const preface = `
  const { Worker, isMainThread, parentPort, workerData, threadId } = await import('node:worker_threads')
  const load = (map) => {
    const opened = skel.open()
    try {
      opened.progs.long_one.autoload = !map
      if (map) opened.maps[map].maxEntries = 0
      return opened.load()
    } finally { opened.destroy() }
  }
  const why = (map) => { try { load(map); return 'it loaded' } catch (error) { return error.message } }
`

async function prints(script: string, options: ChildOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await runChild(file, preface + script, options)
  expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
  return stdout
}

describeInKernel('threads that are in libbpf at once', () => {
  test('never wait for the event loop of another', async () => {
    // Main blocks from its call into libbpf on, until the worker has made its own meanwhile.
    const out = await prints(
      `if (isMainThread) {
         load()
         const flags = new Int32Array(new SharedArrayBuffer(8))
         const worker = new Worker(new URL(import.meta.url), { workerData: flags })
         await new Promise((resolve) => worker.once('message', resolve))
         const wait = () => Atomics.wait(flags, 1, 0, 20_000)
         Atomics.store(flags, 0, 1)
         Atomics.notify(flags, 0)
         for (let n = 0; n < 5; n++) load()
         console.log('worker: ' + (Atomics.load(flags, 1) === 1 ? 'ok' : wait()))
         process.exit()
       } else {
         why('second')
         parentPort.postMessage('ready')
         Atomics.wait(workerData, 0, 0)
         for (let n = 0; n < 20; n++) why('second')
         Atomics.store(workerData, 1, 1)
         Atomics.notify(workerData, 1)
       }`,
    )
    expect(out).toMatch(/^worker: (ok|not-equal)$/m)
  })

  test('have each its own messages', async () => {
    const out = await prints(
      `const map = isMainThread ? 'first' : 'second'
       const heard = []
       setLog((level, text) => heard.push(text))
       const started = workerData ?? new Int32Array(new SharedArrayBuffer(4))
       const workers = isMainThread ? [1, 2].map(() => new Worker(new URL(import.meta.url), { workerData: started })) : []
       // A thread that opens for the first time may cost another the message of that moment.
       skel.open().destroy()
       Atomics.add(started, 0, 1)
       while (Atomics.load(started, 0) < 3) await new Promise((resolve) => setTimeout(resolve, 1))
       const ends = workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
       const wrong = []
       for (let n = 0; n < 40; n++) {
         const message = why(map)
         if (!message.includes("map '" + map + "'")) wrong.push(message)
         const opened = skel.open()
         opened.maps[map].maxEntries = 0
         const aside = await opened.loadAsync().catch((error) => error.message)
         if (!aside.includes("map '" + map + "'")) wrong.push(aside)
         opened.destroy()
       }
       await Promise.all(ends)
       const warned = heard.filter((text) => /failed to create/.test(text))
       if (warned.some((text) => !text.includes(map))) wrong.push('a message of another thread')
       console.log(threadId, warned.length, wrong.join())`,
    )
    // Each failure is said twice by libbpf or once, by version; never by none.
    expect(out.trim().split('\n').toSorted(), out).toEqual([
      expect.stringMatching(/^0 [1-9]\d+ ?$/),
      expect.stringMatching(/^1 [1-9]\d+ ?$/),
      expect.stringMatching(/^2 [1-9]\d+ ?$/),
    ])
  })

  test('one that starts while another loads', async () => {
    const out = await prints(
      `if (isMainThread) {
         const loads = Array.from({ length: 6 }, () => skel.open())
         for (const one of loads) one.progs.long_one.autoload = true
         const [workers, loading] = [
           Array.from({ length: 6 }, () => new Worker(new URL(import.meta.url))),
           Promise.all(loads.map((one) => one.loadAsync())),
         ]
         await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('exit', resolve))))
         await loading
         console.log('main ' + why('first'))
         process.exit()
       } else console.log('worker ' + why('second'))`,
    )
    expect(out.match(/^worker .*map 'second'/gm)).toHaveLength(6)
    expect(out).toMatch(/^main .*map 'first'/m)
  })

  test('a worker that is terminated while its loadAsync() runs', async () => {
    const out = await prints(
      `if (isMainThread) {
         for (let round = 0; round < 3; round++) {
           const worker = new Worker(new URL(import.meta.url))
           await new Promise((resolve) => worker.once('message', resolve))
           await worker.terminate()
         }
         console.log('main ' + why('first'))
       } else {
         load()
         const opened = skel.open()
         opened.progs.long_one.autoload = true
         void opened.loadAsync()
         await new Promise((resolve) => setTimeout(resolve, 5))
         parentPort.postMessage('loading')
       }`,
    )
    expect(out).toMatch(/^main .*map 'first'/m)
  })
})

describeInKernel('a profiler that interrupts a thousand times a second', () => {
  test('disturbs neither load(), nor loadAsync(), nor testRun()', async () => {
    const out = await prints(
      `for (let n = 0; n < 3; n++) load()
       const opened = skel.open()
       opened.progs.long_one.autoload = true
       await opened.loadAsync()
       opened.progs.short_one.testRun()
       console.log('done')
       opened.destroy()`,
      { nodeOptions: ['--cpu-prof', `--cpu-prof-dir=${file}.profiles`] },
    )
    expect(out).toBe('done\n')
  })
})

describeInKernel('where no memory may become executable', () => {
  test.skipIf(release < 603)(
    'a skeleton loads, and an error says why it says little (Linux 6.3)',
    async () => {
      const out = await prints(
        `const { createRequire } = await import('node:module')
       const koffi = createRequire(import.meta.url)('koffi')
       // linux/prctl.h: PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN; Linux 6.3
       const prctl = koffi.load(null).func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)')
       if (prctl(65, 1, 0, 0, 0) !== 0) throw new Error('prctl')
       skel.openAndLoad().destroy()
       const opened = skel.open()
       await opened.loadAsync()
       opened.destroy()
       console.log(why('first'))`,
        { nodeOptions: ['--jitless', '--no-expose-wasm'] },
      )
      expect(out).toMatch(
        /^cannot load test_bpf: .*libbpf's log, which says why, is not available.*EINVAL/,
      )
    },
  )
})
