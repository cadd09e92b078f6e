/** Machines that lack something: made by hiding it, in a mount namespace of the test's own. */
import { expect, test } from 'vitest'

import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const source = `
__u64 count;
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } seen SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); __uint(pinning, LIBBPF_PIN_BY_NAME); } pinned SEC(".maps");
SEC("?tracepoint/raw_syscalls/sys_enter") int point(void *ctx) { return 0; }
SEC("?tracepoint/raw_syscalls/no_such_point") int no_point(void *ctx) { return 0; }
SEC("?tp_btf/sys_enter") int typed(void *ctx) { return 0; }
SEC("?raw_tp/sys_enter") int raw(void *ctx) { count++; return 0; }
`

const { file } = await build(source)

interface Failure {
  code: string
  message: string
  hint?: string
}

/** Returns what `act` throws in a child process that has an empty folder mounted over each of these. */
function failure(hidden: readonly string[], act: string): Promise<Failure> {
  return failureAfter(
    hidden.map((path) => `mount -t tmpfs none ${path}`),
    act,
  )
}

/** Returns what `act` throws in a child process after these commands, in a mount namespace of its own. */
async function failureAfter(commands: readonly string[], act: string): Promise<Failure> {
  const mounts = commands.map((command) => `${command} && `).join('')
  const { stdout, stderr } = await runChild(
    file,
    `const trace = skel.open()
     trace.maps.pinned.autocreate = false
     try { ${act}; console.log('{}') }
     catch (error) { console.log(JSON.stringify({ ...error, message: error.message, is: error instanceof BpfError })) }
     process.exit()`,
    { prefix: ['unshare', '--mount', 'sh', '-c', `${mounts}exec "$0" "$@"`] },
  )
  expect(stderr).toBe('')
  const thrown = JSON.parse(stdout) as Failure
  expect(thrown).toMatchObject({ is: true })
  return thrown
}

const load = (program: string): string => `trace.progs.${program}.autoload = true; trace.load()`

describeInKernel('a machine without', () => {
  test('tracefs: attaching to a tracepoint says how to mount it', async () => {
    const hidden = ['/sys/kernel/tracing', '/sys/kernel/debug']
    const { code, hint } = await failure(hidden, `${load('point')}; trace.attach()`)
    expect({ code, hint }).toEqual({
      code: 'ENOENT',
      hint: expect.stringMatching(
        /Tracefs is not mounted.*mount -t tracefs tracefs \/sys\/kernel\/tracing/,
      ),
    })
  })

  test('tracing that is on: the trace pipe, which would wait forever, says how to turn it on', async () => {
    const off = [
      'mount -t tmpfs none /mnt',
      'echo 0 >/mnt/off',
      'mount --bind /mnt/off /sys/kernel/tracing/tracing_on',
    ]
    const act = 'for await (const line of runtime.tracePipe()) break'
    const { code, message } = await failureAfter(off, act)
    expect({ code, message }).toEqual({
      code: 'ERR_BPF_STATE',
      message: expect.stringContaining('echo 1 > /sys/kernel/tracing/tracing_on'),
    })
  })

  test('a tracepoint says that it is the tracepoint that is lacking', async () => {
    const { message } = await failure([], `${load('no_point')}; trace.attach()`)
    expect(message).toContain('no_such_point')
    expect(message).not.toContain('mount')
  })

  test('bpffs: pinning says how to mount it', async () => {
    for (const act of [
      `${load('raw')}; trace.maps.seen.pin('/sys/fs/bpf/unplugin-bpf-test')`,
      `${load('raw')}; trace.progs.raw.pin('/sys/fs/bpf/unplugin-bpf-test')`,
      `${load('raw')}; trace.attach().links.raw.pin('/sys/fs/bpf/unplugin-bpf-test')`,
      `trace.maps.pinned.autocreate = true; ${load('raw')}`,
    ]) {
      const { message, hint } = await failure(['/sys/fs/bpf'], act)
      expect([act, message, hint]).toEqual([
        act,
        expect.stringContaining('/sys/fs/bpf'),
        expect.stringContaining('mount -t bpf bpf /sys/fs/bpf'),
      ])
    }
  })

  test('kernel BTF: loading what needs it says so, and what needs none loads', async () => {
    const { hint } = await failure(['/sys/kernel/btf'], load('typed'))
    expect(hint).toMatch(/\/sys\/kernel\/btf\/vmlinux.*CONFIG_DEBUG_INFO_BTF.*btfCustomPath/)
    const { stdout } = await runChild(
      file,
      `const trace = skel.open()
       trace.maps.pinned.autocreate = false
       ${load('raw')}
       trace.attach()
       process.getegid()
       console.log(trace.bss.count > 0n)
       process.exit()`,
      {
        prefix: [
          'unshare',
          '--mount',
          'sh',
          '-c',
          'mount -t tmpfs none /sys/kernel/btf && exec "$0" "$@"',
        ],
      },
    )
    expect(stdout).toBe('true\n')
  })

  test('one capability: it alone is named', async () => {
    for (const [keep, lacking] of [
      ['+perfmon', 'CAP_BPF'],
      ['+bpf', 'CAP_PERFMON'],
    ]) {
      const { stdout } = await runChild(
        file,
        `const trace = skel.open()
         trace.maps.pinned.autocreate = false
         try { ${load('raw')} } catch ({ code, hint }) { console.log(JSON.stringify({ code, hint })) }
         process.exit()`,
        {
          prefix: [
            'setpriv',
            `--bounding-set=-all,${keep}`,
            '--inh-caps=-all',
            '--ambient-caps=-all',
            '--',
          ],
        },
      )
      expect(JSON.parse(stdout)).toEqual({
        code: 'EPERM',
        hint: expect.stringMatching(
          new RegExp(`lacks ${lacking}\\. .*--cap-add=BPF --cap-add=PERFMON`),
        ),
      })
    }
  })
})

describeInKernel("libbpf's messages", () => {
  const attempt = `
    const trace = skel.open()
    trace.maps.pinned.autocreate = false
    trace.load()
    console.log('done')
    process.exit()`

  test('are printed when DEBUG asks for them, whole', async () => {
    for (const DEBUG of ['unplugin-bpf:*', 'unplugin-bpf:libbpf', '*']) {
      const { stdout, stderr } = await runChild(file, attempt, { env: { DEBUG } })
      expect([DEBUG, stdout]).toEqual([DEBUG, 'done\n'])
      expect(stderr).toMatch(/^unplugin-bpf:libbpf debug libbpf: loading object.*test_bpf/m)
    }
  })

  test('are printed at no other time, failures included', async () => {
    for (const DEBUG of ['', 'other:*', 'unplugin-bpf:compile']) {
      const { stdout, stderr } = await runChild(
        file,
        `const custom = skel.open({ btfCustomPath: '/no/such/file' })
         custom.maps.pinned.autocreate = false
         try { custom.load() } catch {}
         const trace = skel.open()
         trace.maps.pinned.autocreate = false
         trace.maps.seen.maxEntries = 0
         try { trace.load() } catch (error) { console.log(error.log) }
         process.exit()`,
        { env: { DEBUG } },
      )
      expect(stdout).toContain("map 'seen'")
      expect(stderr).toBe('')
    }
  })
})
