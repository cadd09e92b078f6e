import { expect, test } from 'vitest'

import { build } from '../build.ts'
import type { ChildOptions } from '../child.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 ts; __u32 pid; char name[8]; };
struct event last;
__u64 count;
__u32 slots[4096];
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, struct event); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, __u32); } cpus SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(map_flags, BPF_F_MMAPABLE); __uint(max_entries, 4096); __type(key, __u32); __type(value, struct event); } mapped SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
SEC("syscall")
int emit(void *ctx)
{
	last.ts = ++count;
	bpf_ringbuf_output(&events, &last, sizeof(last), 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int on_enter(void *ctx) { return 0; }
`

const { file } = await build(source)

/** Nothing written in JavaScript may end the process by a signal, or leave it hanging. */
async function survives(script: string, options: ChildOptions = {}): Promise<string> {
  const { code, signal, stdout, stderr } = await runChild(
    file,
    `${script}\nconsole.log('survived')\nsetTimeout(() => process.exit(0), 50)`,
    options,
  )
  expect({ signal, code, stderr }).toEqual({ signal: null, code: 0, stderr: '' })
  expect(stdout).toContain('survived')
  return stdout
}

const collect = { nodeOptions: ['--expose-gc'] }

describeInKernel('no JavaScript crashes the process', () => {
  test('views kept over destroy, with and without garbage collection', async () => {
    await survives(
      `const views = []
       for (let i = 0; i < 20; i++) {
         const trace = skel.openAndLoad()
         const { bss } = trace
         views.push(bss, bss.last, bss.slots, trace.maps.mapped.view, trace.maps.mapped.view[4095])
         if (i === 9) views.length = 0
         trace.maps.events.consume(() => {})
         let kept
         trace.progs.emit.testRun()
         trace.maps.events.as(types.event).consume((view) => { kept = view })
         views.push(kept)
         trace.destroy()
         gc()
       }
       let refused = 0
       for (const view of views) for (const use of [
         () => view.ts, () => (view.ts = 1), () => view[0].ts, () => (view[0] = 1), () => view.count,
         () => view.slots?.fill(1), () => view.fill?.(1), () => JSON.stringify(view), () => [...view],
         () => Object.assign(view, { count: 1n }),
       ]) try { use() } catch (error) { if (error instanceof BpfError) refused++ }
       if (refused < 20) throw new Error('only ' + refused)
       await new Promise((resolve) => setTimeout(resolve, 20))
       gc()`,
      collect,
    )
  })

  test('use after destroy of every handle', async () => {
    await survives(
      `const trace = skel.openAndLoad().attach()
       const link = trace.links.on_enter
       const { maps, progs, links } = trace
       const iterators = [maps.seen.set(1, { ts: 1, pid: 1, name: 'x' }).entries(), maps.cpus.values(), maps.seen.drain()]
       const loop = maps.events[Symbol.asyncIterator]()
       const waiting = loop.next()
       const subscription = maps.perf.on(() => {})
       trace.destroy()
       const call = (object, name, ...args) => { try { object[name](...args)?.catch?.(() => {}) } catch (error) { if (!(error instanceof BpfError) && !(error instanceof TypeError)) throw error } }
       for (const object of [...Object.values(maps), ...Object.values(progs), link, subscription, loop, trace, ...iterators]) {
         for (let p = object; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
           for (const name of Reflect.ownKeys(p)) {
             const { value, get } = Object.getOwnPropertyDescriptor(p, name)
             if (name === 'constructor') continue
             if (get) { try { void object[name] } catch (error) { if (!(error instanceof BpfError)) throw error } }
             else if (typeof value === 'function') { call(object, name); call(object, name, 1, { ts: 1, pid: 1, name: 'x' }); call(object, name, '/sys/fs/bpf/x') }
           }
         }
       }
       for (const name of Object.keys(links)) links[name] = null
       if (!(await waiting).done) throw new Error('the loop went on')`,
    )
  })

  test('destroy inside callbacks', async () => {
    await survives(
      `for (const [name, use] of Object.entries({
         consume: (trace) => trace.maps.events.consume(() => trace.destroy()),
         on: (trace) => trace.maps.events.on(() => trace.destroy()),
         iterate: (trace) => { for (const _ of trace.maps.seen) trace.destroy() },
         log: (trace) => { setLogOnce(() => trace.destroy()); trace.attach() },
         key: (trace) => trace.maps.seen.get({ valueOf() { trace.destroy(); return 1 } }),
         value: (trace) => trace.maps.seen.set(1, { get ts() { trace.destroy(); return 1 }, pid: 1, name: 'x' }),
       })) {
         const trace = skel.openAndLoad()
         for (let key = 0; key < 10; key++) trace.maps.seen.set(key, { ts: 1, pid: 1, name: 'x' })
         for (let n = 0; n < 10; n++) trace.progs.emit.testRun()
         try { use(trace) } catch (error) { if (!(error instanceof BpfError) && !(error instanceof TypeError)) throw error }
         await new Promise((resolve) => setTimeout(resolve, 10))
         trace.destroy()
       }
       function setLogOnce(fn) { setLog(() => { setLog(undefined); fn() }) }`,
    )
  })

  test('many readers of one ring, and a map of one object opened twice', async () => {
    await survives(
      `const traces = [skel.openAndLoad(), skel.openAndLoad()]
       for (const trace of traces) {
         const subscriptions = Array.from({ length: 20 }, () => trace.maps.events.on(() => {}))
         const loops = Array.from({ length: 20 }, () => (async () => { for await (const _ of trace.maps.events); })())
         for (let n = 0; n < 100; n++) trace.progs.emit.testRun()
         await new Promise((resolve) => setTimeout(resolve, 20))
         trace.destroy()
         await Promise.all(loops)
       }`,
    )
  })

  test('garbage collection under load', async () => {
    await survives(
      `for (let round = 0; round < 10; round++) {
         const trace = skel.openAndLoad().attach()
         for (let n = 0; n < 200; n++) {
           trace.progs.emit.testRun()
           trace.maps.seen.set(n % 64, { ts: n, pid: n, name: 'n' })
           if (n % 20 === 0) gc()
           trace.maps.events.consume(() => {})
           ;[...trace.maps.seen]
           trace.maps.cpus.get(0)
         }
         trace.destroy()
       }`,
      collect,
    )
  })

  test('process.exit anywhere', async () => {
    for (const exit of [
      `trace.maps.events.consume(() => process.exit(0))`,
      `trace.maps.events.on(() => process.exit(0)); await new Promise((resolve) => setTimeout(resolve, 5000))`,
      `for await (const _ of trace.maps.events) process.exit(0)`,
      `skel.open().loadAsync(); process.exit(0)`,
      `skel.open().loadAsync(); setTimeout(() => process.exit(0), 5); await new Promise((resolve) => setTimeout(resolve, 5000))`,
      `setLog(() => process.exit(0)); skel.open().load(); await new Promise((resolve) => setTimeout(resolve, 5000))`,
    ]) {
      const { code, signal, stderr } = await runChild(
        file,
        `const trace = skel.openAndLoad().attach()
         for (let n = 0; n < 10; n++) trace.progs.emit.testRun()
         ${exit}`,
      )
      expect([exit, code, signal, stderr]).toEqual([exit, 0, null, ''])
    }
  })

  test('worker threads that read events and end in every way', async () => {
    for (const end of [
      `process.exit()`,
      `await new Promise(() => setInterval(() => {}, 100))`,
      `trace.destroy()`,
      `throw new Error('x')`,
    ]) {
      const output = await survives(
        `const { Worker, isMainThread, parentPort } = await import('node:worker_threads')
         if (isMainThread) {
           const main = skel.openAndLoad().attach()
           const heard = new Promise((resolve) => main.maps.events.on(resolve))
           for (let round = 0; round < 3; round++) {
             const worker = new Worker(new URL(import.meta.url))
             worker.on('error', () => {})
             await new Promise((resolve) => worker.once('message', resolve))
             await worker.terminate()
             // The main thread's waiting and libbpf's log still work.
             main.progs.emit.testRun()
             skel.openAndLoad().destroy()
           }
           await heard
           main.destroy()
           console.log('main heard')
         } else {
           const trace = skel.openAndLoad().attach()
           const events = trace.maps.events[Symbol.asyncIterator]()
           trace.progs.emit.testRun()
           await events.next()
           const next = events.next()
           trace.progs.emit.testRun()
           await next
           parentPort.postMessage('read')
           ${end}
         }`,
      )
      expect(output).toContain('main heard')
    }
  })

  test('callbacks that throw', async () => {
    await survives(
      `const caught = []
       process.on('uncaughtException', (error) => caught.push(error.message))
       const trace = skel.openAndLoad().attach()
       let [heard, visited] = [0, 0]
       const subscription = trace.maps.events.on(() => { heard++; throw new Error('on') })
       for (let n = 0; n < 3; n++) trace.progs.emit.testRun()
       await new Promise((resolve) => setTimeout(resolve, 50))
       trace.progs.emit.testRun()
       await new Promise((resolve) => setTimeout(resolve, 50))
       subscription.stop()
       // Each record counts as read, and the next wake-up still comes.
       if (heard !== 4 || caught.join() !== 'on,on,on,on') throw new Error(heard + caught.join())
       for (let n = 0; n < 3; n++) trace.progs.emit.testRun()
       for (let n = 0; n < 3; n++) try { trace.maps.events.consume(() => { visited++; throw new Error('visit') }) } catch {}
       if (visited !== 3) throw new Error('visited ' + visited)
       setLog(() => { throw new Error('log') })
       skel.open().destroy()
       await new Promise((resolve) => setTimeout(resolve, 20))
       setLog(undefined)
       if (!caught.includes('log')) throw new Error('the log was silent')
       trace.destroy()`,
    )
  })

  test("descriptors closed behind the runtime's back", async () => {
    await survives(
      `const { closeSync, openSync } = await import('node:fs')
       for (const close of [
         (trace) => [trace.maps.events],
         (trace) => [trace.maps.perf, trace.maps.seen, trace.maps.cpus],
         (trace) => Object.values(trace.progs),
         (trace) => [trace.links.on_enter],
         (trace) => [...Object.values(trace.maps), ...Object.values(trace.progs), ...Object.values(trace.links)],
       ]) {
         const trace = skel.openAndLoad().attach()
         trace.maps.events.on(() => {})
         trace.maps.perf.on(() => {})
         for (const owner of close(trace).filter(Boolean)) closeSync(owner.fd)
         const call = (use) => { try { use() } catch (error) { if (!(error instanceof BpfError)) throw error } }
         for (let n = 0; n < 5; n++) {
           call(() => trace.progs.emit.testRun())
           call(() => trace.maps.events.consume(() => {}))
           call(() => trace.maps.seen.set(n, { ts: 1, pid: 1, name: 'x' }))
           call(() => [...trace.maps.seen])
           await new Promise((resolve) => setTimeout(resolve, 5))
         }
         trace.bss.count = 1n
         trace.destroy()
       }
       // Waiting for events still works.
       const trace = skel.openAndLoad().attach()
       trace.progs.emit.testRun()
       for await (const _ of trace.maps.events) break
       trace.destroy()`,
    )
  })

  test('what runs while the process exits', async () => {
    for (const last of [
      `process.on('exit', () => trace.destroy()); process.exit(0)`,
      `process.on('exit', () => { trace.progs.emit.testRun(); trace.maps.events.consume(() => {}); void trace.bss.count }); process.exit(0)`,
      `process.on('exit', () => { skel.openAndLoad().attach() }); process.exit(0)`,
      `process.on('beforeExit', () => trace.destroy()); trace.unref()`,
      `process.once('SIGTERM', () => process.exit(0)); process.kill(process.pid, 'SIGTERM'); await new Promise((resolve) => setTimeout(resolve, 5000))`,
      `queueMicrotask(() => process.exit(0)); for await (const _ of trace.maps.events) await null`,
    ]) {
      const { code, signal, stderr } = await runChild(
        file,
        `const trace = skel.openAndLoad().attach()
         trace.maps.events.on(() => {})
         trace.maps.perf.on(() => {})
         for (let n = 0; n < 10; n++) trace.progs.emit.testRun()
         ${last}`,
      )
      expect([last, code, signal, stderr]).toEqual([last, 0, null, ''])
    }
  })

  test("libbpf's log in worker threads, and after they ended", async () => {
    await survives(
      `const { Worker, isMainThread, parentPort } = await import('node:worker_threads')
       setLog(() => {})
       skel.openAndLoad().destroy()
       if (isMainThread) {
         const lines = []
         setLog((level, line) => lines.push(level))
         for (let round = 0; round < 3; round++) {
           const worker = new Worker(new URL(import.meta.url))
           await new Promise((resolve) => worker.once('message', resolve))
           skel.openAndLoad().destroy()
           await worker.terminate()
           skel.openAndLoad().destroy()
         }
         await null
         if (!lines.includes('debug')) throw new Error('nothing was heard')
       } else {
         parentPort.postMessage('ready')
         for (;;) { skel.openAndLoad().destroy(); await new Promise((resolve) => setImmediate(resolve)) }
       }`,
    )
  })

  test('what is attached stays so, though nobody refers to it any more', async () => {
    await survives(
      `const { readFileSync, readdirSync } = await import('node:fs')
       const links = () => readdirSync('/proc/self/fd').filter((fd) => {
         try { return readFileSync('/proc/self/fdinfo/' + fd, 'utf8').includes('link_id') } catch { return false }
       }).length
       const heard = []
       ;(() => {
         const trace = skel.openAndLoad().attach()
         trace.maps.events.on((record) => heard.push(record))
         globalThis.emit = trace.progs.emit.testRun.bind(trace.progs.emit)
       })()
       ;(() => { skel.openAndLoad().attach() })()
       for (let n = 0; n < 10; n++) { gc(); await new Promise((resolve) => setTimeout(resolve, 5)) }
       if (links() !== 2) throw new Error(links() + ' links')
       emit()
       await new Promise((resolve) => setTimeout(resolve, 50))
       if (heard.length !== 1) throw new Error(heard.length + ' records')`,
      collect,
    )
  })

  test('two skeletons over one pinned ring', async () => {
    await survives(
      `const { execFileSync } = await import('node:child_process')
       const [first, second] = [skel.open(), skel.open()]
       for (const trace of [first, second]) { trace.maps.events.pinPath = '/sys/fs/bpf/events'; trace.load() }
       if (first.maps.events.id !== second.maps.events.id) throw new Error('two rings')
       const counts = [0, 0, 0]
       first.maps.events.on(() => counts[0]++)
       second.maps.events.on(() => counts[1]++)
       const loop = (async () => { for await (const _ of second.maps.events) counts[2]++ })()
       const pause = () => new Promise((resolve) => setTimeout(resolve, 50))
       for (let n = 0; n < 100; n++) (n % 2 ? first : second).progs.emit.testRun()
       await pause()
       if (counts.join() !== '100,100,100') throw new Error(counts.join())
       second.destroy()
       await loop
       for (let n = 0; n < 100; n++) first.progs.emit.testRun()
       await pause()
       if (counts.join() !== '200,100,100') throw new Error(counts.join())
       first.maps.events.unpin()
       first.destroy()`,
      {
        prefix: ['unshare', '--mount', 'sh', '-c', 'mount -t bpf bpf /sys/fs/bpf; exec "$@"', 'sh'],
      },
    )
  })
})
