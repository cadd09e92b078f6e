import { objectInfo } from '../ffi/bpf.ts'
import { readString, scratch, setPointer, usedUntilHere } from '../ffi/memory.ts'

interface Common {
  /** The number the kernel knows the link by. */
  readonly id: number
  readonly programId: number
}

/** On an interface: its index, and the bpf_attach_type's number. */
interface OnInterface extends Common {
  readonly ifindex: number
  readonly attachType: number
}

/** `struct bpf_link_info` by BPF_LINK_TYPE_. What newer kernels tell is 0 or empty before them; cookies are of 6.6 on. */
export type LinkInfo =
  | (Common & {
      readonly type: 'raw_tracepoint'
      readonly tracepoint: string
      readonly cookie: bigint
    })
  | (Common & {
      readonly type: 'tracing'
      readonly attachType: number
      /** Of a program for freplace, else of the kernel's or a module's BTF. */
      readonly targetObjectId: number
      readonly targetBtfId: number
      readonly cookie: bigint
    })
  | (Common & { readonly type: 'cgroup'; readonly cgroupId: bigint; readonly attachType: number })
  | (Common & {
      readonly type: 'iter'
      /** `task`, `bpf_map_elem`, … */
      readonly target: string
      readonly mapId: number
    })
  | (Common & { readonly type: 'netns'; readonly netnsInode: number; readonly attachType: number })
  | (Common & { readonly type: 'xdp'; readonly ifindex: number })
  | PerfEventLinkInfo
  | (Common & {
      readonly type: 'kprobe_multi'
      readonly count: number
      readonly flags: number
      readonly missed: bigint
    })
  | (Common & { readonly type: 'struct_ops'; readonly mapId: number })
  | (Common & {
      readonly type: 'netfilter'
      readonly pf: number
      readonly hooknum: number
      readonly priority: number
      readonly flags: number
    })
  | (OnInterface & { readonly type: 'tcx' })
  | (Common & {
      readonly type: 'uprobe_multi'
      readonly path: string
      readonly count: number
      readonly flags: number
      /** 0 is every process. */
      readonly pid: number
    })
  | (OnInterface & { readonly type: 'netkit' })
  | (Common & { readonly type: 'sockmap'; readonly mapId: number; readonly attachType: number })
  | (Common & {
      readonly type: 'tracing_multi'
      readonly attachType: number
      readonly count: number
    })
  /** No link of the kernel's: a filter of a clsact discipline. Its `id` is 0. */
  | (Common & {
      readonly type: 'tc'
      readonly ifindex: number
      readonly direction: 'ingress' | 'egress'
      readonly handle: number
      readonly priority: number
    })
  /** Of a kernel newer than this: its BPF_LINK_TYPE_ number. */
  | (Common & { readonly type: `${number}` })

export type PerfEventLinkInfo = Common & { readonly type: 'perf_event' } & (
    | {
        readonly event: 'uprobe' | 'uretprobe'
        readonly path: string
        readonly offset: number
        readonly cookie: bigint
      }
    | {
        readonly event: 'kprobe' | 'kretprobe'
        readonly symbol: string
        readonly offset: number
        readonly address: bigint
        readonly missed: bigint
        readonly cookie: bigint
      }
    | { readonly event: 'tracepoint'; readonly tracepoint: string; readonly cookie: bigint }
    | {
        readonly event: 'event'
        readonly eventType: number
        readonly config: bigint
        readonly cookie: bigint
      }
    /** The kernel does not tell (before 6.6). */
    | { readonly event: 'unknown' }
  )

/** Fields by their letter and byte offset: `u` 32 bits, `i` 32 signed, `q` 64, `s` a string whose length lies at the second offset. */
type Field = `${'u' | 'i' | 'q'}${number}` | `s${number},${number}`
type Shape = readonly [name: string, fields?: Readonly<Record<string, Field>>]

/** linux/bpf.h: enum bpf_link_type, struct bpf_link_info. */
const shapes: readonly Shape[] = [
  ['0'],
  ['raw_tracepoint', { tracepoint: 's16,24', cookie: 'q32' }],
  ['tracing', { attachType: 'u16', targetObjectId: 'u20', targetBtfId: 'u24', cookie: 'q32' }],
  ['cgroup', { cgroupId: 'q16', attachType: 'u24' }],
  ['iter', { target: 's16,24', mapId: 'u28' }],
  ['netns', { netnsInode: 'u16', attachType: 'u20' }],
  ['xdp', { ifindex: 'u16' }],
  ['perf_event'],
  ['kprobe_multi', { count: 'u24', flags: 'u28', missed: 'q32' }],
  ['struct_ops', { mapId: 'u16' }],
  ['netfilter', { pf: 'u16', hooknum: 'u20', priority: 'i24', flags: 'u28' }],
  ['tcx', { ifindex: 'u16', attachType: 'u20' }],
  ['uprobe_multi', { path: 's16,48', count: 'u52', flags: 'u56', pid: 'u60' }],
  ['netkit', { ifindex: 'u16', attachType: 'u20' }],
  ['sockmap', { mapId: 'u16', attachType: 'u20' }],
  ['tracing_multi', { attachType: 'u16', count: 'u20' }],
]
const perfEvent = 7
const uprobe = { path: 's24,32', offset: 'u36', cookie: 'q40' } as const
const kprobe = {
  symbol: 's24,32',
  offset: 'u36',
  address: 'q40',
  missed: 'q48',
  cookie: 'q56',
} as const
/** enum bpf_perf_event_type */
const perfEvents: readonly Shape[] = [
  ['unknown'],
  ['uprobe', uprobe],
  ['uretprobe', uprobe],
  ['kprobe', kprobe],
  ['kretprobe', kprobe],
  ['tracepoint', { tracepoint: 's24,32', cookie: 'q40' }],
  ['event', { config: 'q24', eventType: 'u32', cookie: 'q40' }],
]

/** Bytes of struct bpf_link_info, and of the strings that it leads to: a path at most. */
const infoSize = 64
const textSize = 4096

/** @returns minus the errno when the kernel refuses */
export function linkInfo(fd: number): LinkInfo | number {
  const first = objectInfo(fd, infoSize)
  if (typeof first === 'number') return first
  const type = first.getUint32(0, true)
  const event = type === perfEvent ? perfEvents[first.getUint32(16, true)] : undefined
  const [name, fields = {}] = event ?? shapes[type] ?? [`${type}`]
  const info = scratch(infoSize)
  const text = scratch(textSize)
  for (const field of Object.values(fields)) {
    const [at, length] = offsetsOf(field)
    if (length === undefined) continue
    setPointer(info.data, at, text.address)
    info.data.setUint32(length, textSize, true)
  }
  const second = objectInfo(fd, infoSize, info)
  if (typeof second === 'number') return second
  const kind = event ? { type: 'perf_event', event: name } : { type: name }
  const read = ([key, field]: [string, Field]): [string, unknown] => {
    const [at] = offsetsOf(field)
    switch (field[0]) {
      case 'q':
        return [key, second.getBigUint64(at, true)]
      case 'i':
        return [key, second.getInt32(at, true)]
      case 's':
        return [key, readString(text.address, textSize)]
      default:
        return [key, second.getUint32(at, true)]
    }
  }
  const values = Object.fromEntries(Object.entries(fields).map(read))
  usedUntilHere(text)
  const common = { id: second.getUint32(4, true), programId: second.getUint32(8, true) }
  return { ...kind, ...common, ...values } as LinkInfo
}

function offsetsOf(field: Field): [at: number, length?: number] {
  const [at, length] = field.slice(1).split(',').map(Number)
  return length === undefined ? [at ?? 0] : [at ?? 0, length]
}
