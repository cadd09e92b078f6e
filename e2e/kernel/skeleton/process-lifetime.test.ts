import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
struct event { __u64 ts; __u32 pid; };
struct event unused_event;
const volatile __u32 target = 0;
__u64 count;
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __type(key, __u32); __type(value, __u64); } seen SEC(".maps");
SEC("syscall")
int emit(void *ctx)
{
	struct event e = { .ts = ++count, .pid = 7 };

	bpf_ringbuf_output(&events, &e, sizeof(e), 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int on_enter(void *ctx) { return 0; }
`

const { file } = await build(source)

describeInKernel('the process', () => {
  test('is held open by a link or a subscription, without using the CPU', async () => {
    for (const hold of [
      `trace.attach()`,
      `trace.maps.events.on(() => {})`,
      `const waiting = (async () => { for await (const e of trace.maps.events); })()`,
    ]) {
      const { code, stdout, cpu } = await runChild(
        file,
        `const trace = skel.openAndLoad()
         ${hold}
         const before = process.cpuUsage()
         setTimeout(() => {
           const { user, system } = process.cpuUsage(before)
           console.log('idle ' + (user + system) / 1000)
           trace.destroy()
         }, 1500).unref()
         console.log('started')`,
        { onOutput: () => {} },
      )
      expect([code, stdout.match(/started|idle/g)]).toEqual([0, ['started', 'idle']])
      expect(cpu).toBeGreaterThan(0)
      // Some of it is what the load still had to do: garbage and compilation.
      expect(Number(/idle ([\d.]+)/.exec(stdout)?.[1])).toBeLessThan(60)
    }
  })

  test('ends when nothing holds it: before attach, after destroy, unref', async () => {
    for (const end of [
      ``,
      `trace.attach(); trace.destroy()`,
      `trace.attach(); trace.maps.events.on(() => {}); trace.unref()`,
      `trace.maps.events.on(() => {}).unref()`,
      `trace.maps.events.on(() => {}).stop()`,
    ]) {
      const { code, stderr, took } = await runChild(
        file,
        `const trace = skel.openAndLoad(); ${end}`,
      )
      expect([end, code, stderr]).toEqual([end, 0, ''])
      expect(took).toBeLessThan(20_000)
    }
  })

  test('ends by SIGINT through shutdownSignal, by a second one at once', async () => {
    const loop = await runChild(
      file,
      `const trace = skel.openAndLoad().attach()
       const signal = shutdownSignal()
       if (signal !== shutdownSignal()) throw new Error('another signal')
       setTimeout(() => console.log('ready'), 10)
       for await (const event of trace.maps.events.records({ signal }));
       trace.destroy()
       console.log('done', process.listenerCount('SIGINT'), process.listenerCount('SIGTERM'))`,
      { onOutput: (text, kill) => text.includes('ready') && kill('SIGINT') },
    )
    expect([loop.code, loop.stdout]).toEqual([0, 'ready\ndone 0 0\n'])
    const stuck = await runChild(
      file,
      `shutdownSignal(); setInterval(() => {}, 1000); console.log('ready')
       shutdownSignal().addEventListener('abort', () => console.log('ready again'))`,
      { onOutput: (text, kill) => text.includes('ready') && kill('SIGTERM') },
    )
    expect(stuck.signal).toBe('SIGTERM')
  })

  test('has one shutdownSignal for all of its loops', async () => {
    const { code, stderr } = await runChild(
      file,
      `const trace = skel.openAndLoad()
       const signal = shutdownSignal()
       const loops = Array.from({ length: 20 }, async () => { for await (const _ of trace.maps.events.records({ signal })); })
       setTimeout(() => process.kill(process.pid, 'SIGTERM'), 50)
       await Promise.all(loops)`,
    )
    expect([code, stderr]).toEqual([0, ''])
  })

  test('ends with the exit codes of a process that Node would end', async () => {
    const byInterrupt = await runChild(file, `skel.openAndLoad().attach(); console.log('ready')`, {
      onOutput: (_, kill) => kill('SIGINT'),
    })
    expect([byInterrupt.code, byInterrupt.signal]).toEqual([null, 'SIGINT'])
    // Ctrl-C twice: the first asks, the second does not wait for an agent that does not listen.
    const twice = await runChild(
      file,
      `skel.openAndLoad().attach()
       shutdownSignal().addEventListener('abort', () => console.log('asked'))
       console.log('ready')`,
      { onOutput: (_, kill) => kill('SIGINT') },
    )
    expect([twice.stdout, twice.code, twice.signal]).toEqual(['ready\nasked\n', null, 'SIGINT'])
    const thrown = await runChild(file, `skel.openAndLoad().attach(); throw new Error('mine')`)
    expect([thrown.code, /Error: mine/.test(thrown.stderr)]).toEqual([1, true])
    const refused = await runChild(file, `skel.open().attach()`)
    expect([refused.code, /call load\(\) first/.test(refused.stderr)]).toEqual([1, true])
  })

  test('installs no handlers and loads nothing before it must', async () => {
    const { code, stdout } = await runChild(
      file,
      `const maps = () => (await import('node:fs')).readFileSync('/proc/self/maps', 'utf8')
       console.log(process.listenerCount('SIGINT'), maps().includes('koffi'), maps().includes('libbpf'))
       skel.open()
       console.log(maps().includes('koffi'), maps().includes('libbpf'))
       process.exit()`
        .replaceAll('() => (await import', 'async () => (await import')
        .replaceAll('maps()', '(await maps())'),
    )
    expect([code, stdout]).toEqual([0, '0 false false\ntrue true\n'])
  })
})

describeInKernel('a machine that lacks something', () => {
  const attempt = `
    try { skel.open().load(); console.log('loaded') }
    catch (error) { console.log(JSON.stringify({ ...error, message: error.message, is: error instanceof BpfError })) }
    process.exit()`

  test('without libbpf open says what to install', async () => {
    const { stdout } = await runChild(file, attempt, { env: { BPF_LIBBPF: 'libnone.so.1' } })
    expect(JSON.parse(stdout)).toMatchObject({
      is: true,
      code: 'ERR_BPF_UNSUPPORTED',
      operation: 'open',
      message: expect.stringMatching(/libnone\.so\.1 does not load.*BPF_LIBBPF must name/s),
    })
  })

  test('without koffi open says what to install', async () => {
    const { stdout } = await runChild(file, attempt, { env: { NODE_PATH: '' } })
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'ERR_BPF_UNSUPPORTED',
      message: expect.stringContaining('npm install koffi'),
    })
  })

  test('without privileges load names the capabilities', async () => {
    const { stdout, stderr } = await runChild(file, attempt, {
      prefix: ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'],
    })
    expect(stderr).toBe('')
    expect(JSON.parse(stdout)).toMatchObject({
      code: 'EPERM',
      operation: 'load',
      hint: expect.stringMatching(/lacks CAP_BPF and CAP_PERFMON.*--cap-add=BPF --cap-add=PERFMON/),
    })
  })
})
