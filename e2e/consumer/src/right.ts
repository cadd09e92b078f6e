// What a user writes, and must compile.
import { jsonReplacer } from 'unplugin-bpf/codec'
import { BpfError, events, shutdownSignal, snapshot } from 'unplugin-bpf/runtime'

import skel, {
  defines,
  PROTO_TCP,
  types,
  type counters_t,
  type flow,
  type flows_bpf,
  type protocol,
  type sample,
} from './flows.bpf.c'
import specialSkel, { types as specialTypes, type node, type point } from './special.bpf.c'

const flows: flows_bpf = skel.open({ objectName: 'mine', kernelLogLevel: 1 })
flows.rodata.sample_rate = 100
flows.rodata.device = 'eth0'
flows.maps.flows.maxEntries = 1 << 16
flows.progs.on_syscall.autoload = false
flows.load().attach()
flows.links.count = flows.progs.count.attachXdp('lo', { mode: 'generic' })

const key: flow = {
  from: { address: new Uint8Array(16), port: 443 },
  to: { address: new Uint8Array(16), port: 1 },
  protocol: PROTO_TCP,
}
const found: counters_t | undefined = flows.maps.flows.get(key)
if (found) {
  const average: number = Number(found.bytes) / found.packets
  console.log(average)
}
flows.maps.flows.set(key, { packets: 1, bytes: 60 }, 'noexist').set(key, { packets: 2, bytes: 1n })
const existed: boolean = flows.maps.flows.delete(key)
for (const [{ from, protocol }, { bytes }] of flows.maps.flows) {
  const proto: protocol = protocol
  console.log(from.port, proto === PROTO_TCP, bytes * 2n)
}
const size: bigint | undefined = flows.maps.sizes.get(3)
const perCpu: counters_t[] | undefined = flows.maps.totals.get(0)

flows.data.threshold = -5
flows.bss.seen = 0
flows.bss.latest.from.port = 80
flows.bss.sums = { packets: 0, bytes: 0 }
flows.bss.sums.bytes = 0n
flows.bss.slots = Array.from(flows.bss.slots, () => 0)
flows.bss.slots.fill(0)
flows.bss.slots[3] = 9n
flows.data_ports.watched[80] = true
flows.data_ports.watched.fill(false)

const stop = flows.maps.samples.as(types.sample).on((record: sample) => {
  const bits: [number, number, number] = [record.length, record.truncated, record.priority]
  const [first, second]: [string, string] = record.tags
  console.log(bits, first, second, record.mark, record.marks[3], record.detail.icmp.type)
  console.log(JSON.stringify(record, jsonReplacer))
})
stop.unref()
for await (const record of flows.maps.samples
  .as(types.sample)
  .records({ signal: shutdownSignal() })) {
  const time: bigint = record.time
  const head: Uint8Array = record.head
  console.log(time, head.length === defines.SAMPLE_LENGTH, defines.PRODUCT satisfies 'flows')
}
const ends = flows.maps.ends.on(({ protocol }: flow) => console.log(protocol), {
  lost: ({ cpu, count }) => console.log(`CPU ${cpu} lost ${count}`),
  pages: 8,
})
const both = { sample: flows.maps.samples.as(types.sample), end: flows.maps.ends }
for await (const [name, record] of events(both).records({ signal: shutdownSignal() })) {
  if (name === 'sample') console.log(record.device, ends.unref())
  else console.log(record.from.port)
}
for await (const record of events([flows.maps.samples.as(types.sample), flows.maps.ends])) {
  console.log('device' in record ? record.device : record.protocol)
}
const sent: boolean = flows.maps.blocked.send({ address: new Uint8Array(16), port: 80 })
await flows.maps.blocked.sendAsync({ address: Array.from({ length: 16 }, () => 0), port: 80 })
if (!sent) console.log(flows.maps.ends.lost[0])

const drained: number = flows.maps.samples
  .as(types.sample)
  .consume((view) => void view.flow.to.port)

const bytes: Uint8Array = types.flow.encode({ ...key, protocol: 99 })
const copy: flow = types.flow.decode(bytes)

const plain = snapshot(flows.bss.latest) satisfies flow
const head: Uint8Array = plain.from.address
const ports: boolean[] = snapshot(flows.data_ports.watched)
const settings: { sample_rate: number } = snapshot(flows.rodata)

const special = specialSkel.open()
const { control } = special.struct_ops
control.flags = 2
control.key = 5
control.init = null
control.ssthresh = special.progs.threshold
const key64: bigint = control.key
special.percpu.hits = 1
special.maps.data_sizes.valueSize = 4 * 9
special.data_sizes.sizes = Array.from({ length: 9 }, () => 1)
special.maps.control.autoattach = false
special.links.control = special.load().maps.control.attachStructOps()
special.links.control.update(special.maps.control)
const version: number = special.kconfig.LINUX_KERNEL_VERSION
special.arena.visits = 3n
const first = special.maps.shared.view(specialTypes.node, special.arena.head)
first.value = 4n
const next: bigint = first.next
const { view } = special.maps.points
view[0] = { x: 1, y: 2 }
view.set([{ x: 1, y: 2 }], 3)
const [corner]: Iterable<{ x: number }> = view
const every: point[] = view.toArray()
const each: bigint[] | undefined = special.maps.percpu.get(0)?.map(({ hits }) => hits)
const used: number | undefined = special.maps.cells.get(0)?.used

try {
  flows.destroy()
} catch (error) {
  if (error instanceof BpfError) console.error(error.code, error.operation, error.hint)
}
export {
  copy,
  corner,
  drained,
  each,
  head,
  every,
  existed,
  key64,
  next,
  perCpu,
  plain,
  ports,
  settings,
  size,
  used,
  version,
}
export type { node }
