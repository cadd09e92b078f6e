import { execFileSync } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

import { unsupported } from '../../../src/runtime/host/error.ts'
import type { LinkInfo } from '../../../src/runtime/index.ts'
import { netkit } from '../../kernel/netkit.ts'
import { transmit } from '../../kernel/packets.ts'
import skel from './functions.bpf.c'
import saysSkel from './says.bpf.c'
import type { Scenario } from './scenario.ts'
import { equal } from './scenario.ts'

type Instance = ReturnType<typeof skel.open>

/** Both run once when a file is opened. */
const OPENING = ['do_sys_openat2', 'vfs_open']

export const functions: readonly Scenario[] = [
  {
    name: 'attachKprobe',
    run: () =>
      attached('kprobe', ({ progs, bss }) => {
        const link = progs.kprobe.attachKprobe(OPENING[0], { cookie: 3 })
        equal('the counts', countOf(bss), [1n, 3n])
        link.destroy()
        progs.kprobe.attachKprobe(OPENING[0], { retprobe: true })
        progs.kprobe.attachKsyscall('openat', { cookie: 10 })
        equal('the counts of both', countOf(bss), [2n, 10n])
      }),
  },
  {
    name: 'attachKprobeMulti',
    run: () =>
      attached('kprobe_multi', ({ progs, bss }) => {
        const link = progs.kprobe_multi.attachKprobeMulti(OPENING, { cookies: [1, 20] })
        equal('the counts', countOf(bss), [2n, 21n])
        link.destroy()
        progs.kprobe_multi.attachKprobeMulti('do_sys_openat?', { retprobe: true })
        equal('the counts by pattern', countOf(bss), [1n, 0n])
      }),
  },
  {
    name: 'kprobe.session',
    run: () =>
      attached('kprobe_session', ({ progs, bss }) => {
        const link = progs.kprobe_session.attachKprobeMulti(OPENING, { cookies: [1, 20] })
        equal('the counts', countOf(bss), [4n, 42n])
        equal('the type', (link.info as LinkInfo).type, 'kprobe_multi')
      }),
  },
  {
    name: 'attachTrace',
    run: () =>
      attached('fentry', ({ progs, bss }) => {
        const link = progs.fentry.attachTrace({ cookie: 7 })
        equal('the counts', countOf(bss), [1n, 7n])
        equal('the type', [link.info.type, link.info.attachType], ['tracing', 24])
        link.destroy()
        openOnce()
        equal('the count after destroy()', bss.hits, 1n)
      }),
  },
  {
    name: 'attachTracingMulti',
    run: () =>
      attached('fentry_multi', ({ progs, bss }) => {
        const link = progs.fentry_multi.attachTracingMulti(OPENING, { cookies: [1, 20] })
        equal('the counts', countOf(bss), [2n, 21n])
        equal('the type', [link.info.type, link.info.count], ['tracing_multi', 2])
        link.destroy()
        openOnce()
        equal('the count after destroy()', bss.hits, 2n)
      }),
  },
  {
    name: 'fentry.multi',
    run: () =>
      attached('fexit_multi', (instance) => {
        instance.attach()
        equal('the counts', countOf(instance.bss), [1n, 0n])
        instance.detach()
        instance.progs.fexit_multi.attachTracingMulti('do_sys_openat?')
        equal('the counts by hand', countOf(instance.bss), [1n, 0n])
      }),
  },
  {
    name: 'testRun of fentry',
    run: () =>
      attached('fentry_test', (instance) => {
        instance.attach()
        equal('the value', instance.progs.fentry_test.testRun().retval, 0)
        equal('the count', instance.bss.hits, 1n)
      }),
  },
  {
    name: 'attachLsm',
    run: () =>
      attached('lsm', ({ progs, bss }) => {
        const link = progs.lsm.attachLsm()
        equal('the count', countOf(bss)[0], 1n)
        link.destroy()
        openOnce()
        equal('the count after destroy()', bss.hits, 1n)
      }),
  },
  {
    name: 'freplace',
    run: () =>
      attached('asks', ({ progs: { asks } }) => {
        const data = new Uint8Array(64)
        equal('the answer', asks.testRun({ data }).retval, 1)
        const replacing = (instance: Instance): void =>
          void instance.progs.replacement.setAttachTarget(asks, 'answer')
        attached(
          'replacement',
          ({ progs }) => {
            const link = progs.replacement.attachFreplace()
            equal('the answer in its place', asks.testRun({ data }).retval, 42)
            link.destroy()
            equal('the answer after destroy()', asks.testRun({ data }).retval, 1)
            progs.replacement.attachFreplace(asks, 'answer')
            equal('the answer by name', asks.testRun({ data }).retval, 42)
          },
          replacing,
        )
      }),
  },
  {
    name: 'netkit',
    run: () =>
      attached('netkit', ({ progs, bss }) => {
        if (!netkit('nk0', 'nk1')) {
          throw unsupported('make', 'a netkit interface', 'this kernel has none')
        }
        for (const device of ['nk0', 'nk1']) execFileSync('ip', ['link', 'set', device, 'up'])
        const link = progs.netkit.attachNetkit('nk0')
        const before: bigint = bss.hits
        transmit('nk0')
        equal('whether it saw the packet', bss.hits > before, true)
        equal('the type', link.info.type, 'netkit')
        link.destroy()
        execFileSync('ip', ['link', 'del', 'nk0'])
      }),
  },
  {
    name: 'streams',
    run: () =>
      using(saysSkel.open(), (instance) => {
        const { says } = instance.load().progs
        equal('the text before', says.stdout.text(), '')
        const { retval } = says.testRun({ ctx: Uint8Array.of(7, 0, 0, 0) })
        if (retval !== 0) throw unsupported('print', 'into a stream', `it returns ${retval | 0}`)
        equal('the text', says.stdout.text(), 'n is 7\n')
        equal('the errors', says.stderr.text(), '')
      }),
  },
]

/** Loads one program alone, for the time of `act`. */
function attached(
  name: string,
  act: (instance: Instance) => void,
  beforeLoad?: (instance: Instance) => void,
): void {
  using(skel.open(), (instance) => {
    instance.progs[name].autoload = true
    instance.rodata.target = process.pid
    beforeLoad?.(instance)
    instance.load()
    act(instance)
  })
}

function using(instance: Instance, act: (instance: Instance) => void): void {
  try {
    act(instance)
  } finally {
    instance.destroy()
  }
}

/** Hits and cookies of one open: libbpf opens files too. */
function countOf(bss: Instance['bss']): [hits: bigint, cookies: bigint] {
  Object.assign(bss, { hits: 0, cookies: 0 })
  openOnce()
  return [bss.hits, bss.cookies]
}

function openOnce(): void {
  closeSync(openSync('/proc/version', 'r'))
}
