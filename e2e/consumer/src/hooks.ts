// How each kind of program is attached, what it runs on, and what its links tell.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

import { enableStats, Link, type LinkInfo } from 'unplugin-bpf/runtime'

import skel from './hooks.bpf.c'

const hooks = skel.open()
hooks.progs.traced.setAttachTarget(null, 'sys_exit')
hooks.progs.extension.setAttachTarget(hooks.progs.classify, 'answer')
hooks.progs.probe.type = 'kprobe'
hooks.progs.raw.logLevel = 1
hooks.load().attach()

const { probe } = hooks.progs
probe.attachKprobe('do_exit', { retprobe: true, cookie: 1, attachMode: 'perf' })
probe.attachKprobeMulti('tcp_*')
probe.attachKprobeMulti(['do_exit'], { cookies: [1n], session: true })
probe.attachKprobeMulti([0xffff_ffff_8100_0000n])
probe.attachKsyscall('openat')
probe.attachUprobe('/bin/sh', { symbol: 'main', pid: 'self' })
// Undefined where the child could not be started.
probe.attachUprobe('/bin/sh', { symbol: 'main', pid: spawn('sh').pid, cookie: undefined })
probe.attachUprobe(1, { offset: 0x1000n })
probe.attachUprobeMulti('/bin/sh', [0x1000, 0x2000], { refCtrOffsets: [0, 0] })
probe.attachUsdt('/bin/sh', 'provider', 'name', { cookie: 2 })
hooks.progs.traced.attachTrace({ cookie: 3 })
hooks.progs.point.attachTracepoint('sched', 'sched_process_exec', { cookie: 4 })
hooks.progs.raw.attachRawTracepoint('sys_enter', { cookie: 5n })
hooks.progs.guard.attachLsm()
hooks.progs.group_guard.attachCgroup('/sys/fs/cgroup/mine')
hooks.progs.extension.attachFreplace(hooks.progs.classify, 'answer').destroy()
hooks.progs.sampled.attachPerfEvent({ type: 'software', frequency: 99, pid: 'self', cookie: 6 })
const first = hooks.progs.classify.attachTcx('eth0')
hooks.progs.classify.attachTcx(2, 'egress', { before: first })
hooks.progs.classify.attachNetkit('nk0', 'peer', { after: null })
hooks.progs.classify.attachTc('eth0', 'ingress', { priority: 1, handle: 2 })
hooks.progs.redirect.attachCgroup('/sys/fs/cgroup/mine', { mode: 'multi' })
hooks.progs.egress.attachCgroup(5, { before: first, preorder: true })
hooks.progs.lookup.attachNetns('/proc/self/ns/net')
hooks.progs.filter.attachNetfilter({
  pf: 'ipv4',
  hooknum: 'local_in',
  priority: -128,
  defrag: true,
})
hooks.progs.capture.attachSocketFilter('eth0')
hooks.progs.capture.attachSocketFilter(createServer().listen(0))
hooks.progs.message.attachSockmap(hooks.maps.sockets)

hooks.links.tasks = hooks.progs.tasks.attachIter({ pid: 'self' })
const text: string = hooks.links.tasks.text()
for await (const line of hooks.links.tasks.lines()) console.log(line.length, text.length)

const { retval, data, duration } = hooks.progs.classify.testRun({ data: new Uint8Array(64) })
const { ctx }: { ctx: Uint8Array } = hooks.progs.command.testRun({ ctx: new Uint8Array(8) })
const answer: number = hooks.progs.raw.testRun({ ctx: [1n, 2], cpu: 0 }).retval

const stats = enableStats()
const { runCount, mapIds, tag } = hooks.progs.traced.info
const { out }: { out: string } = { out: hooks.progs.command.stdout.text() }
stats.disable()

const info: LinkInfo = first.info
if (info.type === 'tcx') console.log(info.ifindex, info.attachType)
const pinned: Link = Link.open('/sys/fs/bpf/first')
pinned.update(hooks.progs.classify)

export const results = [retval, data, duration, ctx, answer, runCount + 1n, mapIds[0], tag, out]
