// What must not compile: each line is an error, and the compiler complains of one that is not.
import { events } from 'unplugin-bpf/runtime'

import skel, { types } from './flows.bpf.c'
import hooksSkel from './hooks.bpf.c'
import specialSkel, { types as specialTypes } from './special.bpf.c'

const flows = skel.open()

// @ts-expect-error no such variable
flows.rodata.rate = 1
// @ts-expect-error a number is wanted
flows.rodata.sample_rate = '1'
// @ts-expect-error text is wanted
flows.rodata.device = 7
// @ts-expect-error 64 bits are read as bigint
export const seen: number = flows.bss.seen
// @ts-expect-error 64 bits inside of a view are written as bigint
flows.bss.sums.bytes = 0
// @ts-expect-error 64 bits inside of a view are written as bigint
flows.bss.slots[3] = 9
// @ts-expect-error a tagged field is a number
export const packets: bigint | undefined = flows.maps.totals.get(0)?.[0]?.packets
// @ts-expect-error not a boolean
flows.data_ports.watched[1] = 'yes'
// @ts-expect-error no such map
void flows.maps.flow
// @ts-expect-error keys are structs here
flows.maps.flows.get(1)
// @ts-expect-error a key has all its fields
flows.maps.flows.get({ protocol: 6 })
// @ts-expect-error no such field
flows.maps.flows.set({ from: {}, to: {}, protocol: 6, more: 1 }, { packets: 1, bytes: 1 })
// @ts-expect-error no such flag
flows.maps.sizes.set(1, 1n, 'maybe')
// @ts-expect-error an XDP program is attached to an interface
flows.progs.count.attachXdp({})
// @ts-expect-error XDP programs have no such attachment
flows.progs.count.attachKprobe('do_exit')
// @ts-expect-error no such program
flows.links.counter = null
// @ts-expect-error groups are sealed
flows.maps = {}
// @ts-expect-error no such open option
skel.open({ objectname: 'mine' })
// @ts-expect-error no such type
void types.flows
// @ts-expect-error one field is missing
types.flow.encode({ from: { address: [], port: 1 }, protocol: 6 })
// @ts-expect-error a record has no such field
flows.maps.samples.as(types.sample).on((record) => record.size)
// @ts-expect-error 16 bytes and no text
export const address: string = types.endpoint.decode(new Uint8Array(18)).address
// @ts-expect-error a hash map has no records
events([flows.maps.flows])
for await (const [name, record] of events({ end: flows.maps.ends })) {
  // @ts-expect-error only what was named
  if (name === 'ends') console.log(record)
}
// @ts-expect-error one field is missing
flows.maps.blocked.send({ port: 80 })
// @ts-expect-error a ring buffer loses nothing that it could tell
flows.maps.samples.on(() => {}, { lost: console.log })
// @ts-expect-error a CPU and a count that cannot be swapped: one object
flows.maps.ends.on(() => {}, { lost: (cpu: number, count: number) => cpu + count })

const special = specialSkel.open()
// @ts-expect-error a function of a struct_ops is a program or null
special.struct_ops.control.init = 1
// @ts-expect-error nothing else of the struct is shown
void special.struct_ops.control.name
// @ts-expect-error no such struct_ops
void special.struct_ops.controls
// @ts-expect-error the kernel configuration is only read
special.kconfig.LINUX_KERNEL_VERSION = 1
// @ts-expect-error not every array can be mapped
void special.maps.cells.view
// @ts-expect-error the kernel keeps the lock to itself
special.maps.cells.set(1, { lock: 0, used: 1 })
// @ts-expect-error elements are points
special.maps.points.view[0] = 1
// @ts-expect-error an address is wanted
special.maps.shared.view(specialTypes.node, 'head')
// @ts-expect-error 64 bits are read as bigint
export const visits: number = special.arena.visits
// @ts-expect-error one value a CPU
export const hits: bigint | undefined = special.maps.percpu.get(0)?.hits
// @ts-expect-error a link is made by attaching
special.links.control = special.maps.control
// @ts-expect-error only a struct_ops map can take a link's place
special.links.control?.update(special.maps.cells)

const hooks = hooksSkel.open()
// @ts-expect-error a tracepoint's program is no probe
hooks.progs.point.attachKprobe('do_exit')
// @ts-expect-error and a probe no tracepoint's
hooks.progs.probe.attachTracepoint('sched', 'sched_process_exec')
// @ts-expect-error iterators have links of their own
hooks.links.tasks = hooks.progs.raw.attachRawTracepoint('sys_enter')
// @ts-expect-error only iterators' links can be read
hooks.progs.raw.attachRawTracepoint('sys_enter').text()
// @ts-expect-error not a direction
hooks.progs.classify.attachTcx('eth0', 'sideways')
// @ts-expect-error before a link or a program
hooks.progs.classify.attachTcx('eth0', 'ingress', { before: special.maps.cells })
// @ts-expect-error a link takes another program
hooks.links.classify?.update(hooks.progs.classify.fd)
// @ts-expect-error no such option
hooks.progs.probe.attachUprobe('/bin/sh', { function: 'main' })
// @ts-expect-error LSM programs of cgroups attach to cgroups
hooks.progs.group_guard.attachLsm()
// @ts-expect-error the kernel has no test run of tp_btf
hooks.progs.traced.testRun()
// @ts-expect-error the kernel has no such run of a probe
hooks.progs.probe.testRun()
// @ts-expect-error a raw tracepoint's program sees no packet
hooks.progs.raw.testRun({ data: new Uint8Array(64) })
// @ts-expect-error netfilter programs need a priority
hooks.progs.filter.attachNetfilter({ pf: 'ipv4', hooknum: 'local_in' })
// @ts-expect-error the count is a bigint
export const runs: number = hooks.progs.raw.info.runCount
// @ts-expect-error only of links on interfaces
export const index: number = hooks.progs.raw.attachRawTracepoint('sys_enter').info.ifindex
