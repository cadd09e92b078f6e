import { symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { npmPackage } from '../../../test/debian/npm.ts'
import { Unavailable } from '../../../test/debian/unavailable.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const { file } = await build(`
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 1 << 16); } events SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY); __uint(key_size, 4); __uint(value_size, 4); } perf SEC(".maps");
__u64 count;
SEC("syscall")
int emit(void *ctx)
{
	__u64 number = ++count;
	bpf_ringbuf_output(&events, &number, sizeof(number), 0);
	return 0;
}
SEC("raw_tp/sys_enter")
int on_enter(void *ctx)
{
	__u64 number = 7;
	bpf_perf_event_output(ctx, &perf, BPF_F_CURRENT_CPU, &number, sizeof(number));
	return 0;
}
`)
// These hosts ignore NODE_PATH.
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url))
symlinkSync(modules, join(dirname(file), 'node_modules'))

/** Other JavaScript hosts: the npm package of their binary, and how it runs a file. */
const hosts = {
  Bun: ['@oven/bun-linux-x64', '1.4.5', 'bin/bun'],
  Deno: [
    '@deno/linux-x64-glibc',
    '2.9.6',
    'deno',
    'run',
    '--allow-all',
    '--node-modules-dir=manual',
  ],
} as const

describeInKernel('ring buffers, perf event arrays, loops and loadAsync()', () => {
  test.for(Object.entries(hosts))(
    'under %s',
    async ([, [title, version, path, ...words]], { skip }) => {
      if (process.arch !== 'x64') return skip(`${title} is for x64`)
      let folder: string
      try {
        folder = await npmPackage(title, version)
      } catch (error) {
        if (error instanceof Unavailable) return skip(error.message)
        throw error
      }
      const { code, signal, stdout, stderr } = await runChild(
        file,
        `const trace = skel.openAndLoad().attach()
         let [on, perf] = [0, 0]
         const ring = trace.maps.events.on(() => on++)
         const samples = trace.maps.perf.on(() => perf++)
         for (let n = 0; n < 50; n++) {
           trace.progs.emit.testRun()
           if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
         }
         while (on < 50 || perf === 0) await new Promise((resolve) => setTimeout(resolve, 5))
         ring.stop()
         samples.stop()
         let loop = 0
         trace.progs.emit.testRun()
         for await (const record of trace.maps.events) {
           if (++loop === 5) break
           setTimeout(() => trace.progs.emit.testRun(), 2)
         }
         const other = await skel.open().loadAsync()
         other.destroy()
         trace.destroy()
         console.log(on, loop, 'done')`,
        { host: [join(folder, path), ...words] },
      )
      expect({ code, signal, stderr }).toEqual({ code: 0, signal: null, stderr: '' })
      expect(stdout).toBe('50 5 done\n')
    },
  )
})
