import { readFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { probe } from '../../../src/runtime/index.ts'
import { build } from '../build.ts'
import { runChild } from '../child.ts'
import { describeInKernel } from '../permitted.ts'

const { file } = await build(`SEC("syscall") int nothing(void *ctx) { return 0; }`)

const names = (name: string): unknown[] | undefined =>
  probe.tracepointArguments(name)?.map((argument) => `${argument.type} ${argument.name}`)

describeInKernel('probes', () => {
  test('tell which map types the kernel has, by name and number', () => {
    for (const name of ['hash', 'array', 'ringbuf', 'lpm_trie', 'BPF_MAP_TYPE_LRU_HASH'] as const) {
      expect(probe.mapType(name), name).toBe(true)
    }
    expect(probe.mapType(1)).toBe(true)
    // @ts-expect-error there is none of this name
    expect(() => probe.mapType('hashes')).toThrow('there is no map type "hashes"')
    expect(() => probe.mapType(0)).toThrow(RangeError)
    expect(() => probe.mapType(1000)).toThrow(
      expect.objectContaining({ code: 'ERR_BPF_UNSUPPORTED' }),
    )
  })

  test('tell which program types the kernel has', () => {
    for (const name of ['xdp', 'raw_tracepoint', 'tracing', 'BPF_PROG_TYPE_SYSCALL'] as const) {
      expect(probe.programType(name), name).toBe(true)
    }
    expect(probe.programType(1000)).toBe(false)
    // @ts-expect-error there is none of this name
    expect(() => probe.programType('kretprobe')).toThrow(TypeError)
  })

  test('tell which helpers each program type may call', () => {
    expect(probe.helper('xdp', 'bpf_xdp_adjust_head')).toBe(true)
    expect(probe.helper('xdp', 'xdp_adjust_head')).toBe(true)
    expect(probe.helper('xdp', 44)).toBe(true)
    expect(probe.helper('tracepoint', 'bpf_xdp_adjust_head')).toBe(false)
    expect(probe.helper('tracepoint', 'bpf_map_lookup_elem')).toBe(true)
    expect(probe.helper('tracing', 'bpf_get_current_task_btf')).toBe(true)
    expect(probe.helper('tracing', 'bpf_skb_store_bytes')).toBe(false)
    expect(probe.helper('socket_filter', 'bpf_no_such_helper')).toBe(false)
    expect(probe.helper('socket_filter', 100_000)).toBe(false)
    expect(() => probe.helper('ext', 1)).toThrow(/depend on what they replace/)
  })

  test('tell which functions and kfuncs the kernel has', () => {
    expect(probe.kernelFunction('do_sys_openat2')).toBe(true)
    expect(probe.kernelFunction('no_such_function')).toBe(false)
    expect(probe.kernelFunction('')).toBe(false)
    // A variable.
    const [, variable] = /^\w+ [dDbB] (\w+)$/m.exec(readFileSync('/proc/kallsyms', 'utf8')) ?? []
    if (variable !== undefined) expect(probe.kernelFunction(variable)).toBe(false)
    expect(probe.kfunc('no_such_function')).toBe(false)
    try {
      expect(probe.kfunc('do_sys_openat2')).toBe(false)
      expect(probe.kfunc('bpf_cast_to_kern_ctx')).toBe(true)
    } catch (error) {
      // Before kernel 6.9.
      expect(error).toMatchObject({ code: 'ERR_BPF_UNSUPPORTED' })
    }
  })

  test('tell the arguments of a BTF tracepoint', () => {
    expect(names('sched_process_exec')).toEqual([
      'struct task_struct * p',
      'pid_t old_pid',
      'struct linux_binprm * bprm',
    ])
    expect(names('sys_enter')).toEqual(['struct pt_regs * regs', 'long int id'])
    expect(names('no_such_tracepoint')).toBeUndefined()
  })

  test('without privilege throw EPERM and do not answer no', async () => {
    const { stdout, stderr } = await runChild(
      file,
      `const { probe } = runtime
       const told = {}
       for (const [name, ask] of Object.entries({
         map: () => probe.mapType('xskmap'),
         type: () => probe.programType('xdp'),
         helper: () => probe.helper('kprobe', 'bpf_probe_read_kernel'),
         function: () => probe.kernelFunction('do_sys_openat2'),
         arguments: () => probe.tracepointArguments('sys_enter').length,
       })) try { told[name] = ask() } catch (error) { told[name] = [error.code, error.hint] }
       console.log(JSON.stringify(told))`,
      {
        prefix: ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--ambient-caps=-all', '--'],
      },
    )
    expect(stderr).toBe('')
    const refused = [
      'EPERM',
      expect.stringMatching(/lacks CAP_BPF.*CAP_NET_ADMIN.*--cap-add=BPF.*--cap-add=NET_ADMIN/),
    ]
    expect(JSON.parse(stdout)).toEqual({
      map: refused,
      type: refused,
      helper: refused,
      function: true,
      arguments: 2,
    })
  })

  test("of tracepoints need tracefs, which is root's", async () => {
    const ask = `
      for (const name of ['sys_enter', 'no_such_tracepoint']) {
        try { console.log(runtime.probe.tracepoint('raw_syscalls', name)) }
        catch (error) { console.log(error.code, error.message) }
      }`
    const mounted = `grep -q ' tracefs ' /proc/mounts || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"`
    const asRoot = await runChild(file, ask, {
      prefix: ['unshare', '--mount', 'sh', '-c', mounted, 'sh'],
    })
    expect([asRoot.stdout, asRoot.stderr]).toEqual(['true\nfalse\n', ''])
    const without = await runChild(file, ask, {
      prefix: [
        'unshare',
        '--mount',
        'sh',
        '-c',
        'umount -a -t tracefs; umount -a -t debugfs; exec "$@"',
        'sh',
      ],
    })
    expect(without.stdout).toMatch(/ERR_BPF_UNSUPPORTED .*mount -t tracefs tracefs/)
  })
})
