import { objectInfo } from '../ffi/bpf.ts'
import { readString, scratch, setPointer, reachabilityFence } from '../ffi/memory.ts'
import type { StructFields } from '../ffi/struct-fields.ts'
import { readStruct } from '../ffi/struct-fields.ts'

interface CommonLinkInfo {
  /** The kernel's id of the link. */
  readonly id: number
  readonly programId: number
}

/** A link to an interface: its index, and the number of the bpf_attach_type. */
interface InterfaceLinkInfo extends CommonLinkInfo {
  readonly ifindex: number
  readonly attachType: number
}

/** `struct bpf_link_info` by BPF_LINK_TYPE_. A field that the kernel does not know yet is 0 or empty: cookies before 6.6. */
export type LinkInfo =
  | (CommonLinkInfo & {
      readonly type: 'raw_tracepoint'
      readonly tracepoint: string
      readonly cookie: bigint
    })
  | (CommonLinkInfo & {
      readonly type: 'tracing'
      readonly attachType: number
      /** The id of the program for freplace, else of the BTF of the kernel or a module. */
      readonly targetObjectId: number
      readonly targetBtfId: number
      readonly cookie: bigint
    })
  | (CommonLinkInfo & {
      readonly type: 'cgroup'
      readonly cgroupId: bigint
      readonly attachType: number
    })
  | (CommonLinkInfo & {
      readonly type: 'iter'
      /** `task`, `bpf_map_elem`, … */
      readonly target: string
      readonly mapId: number
    })
  | (CommonLinkInfo & {
      readonly type: 'netns'
      readonly netnsInode: number
      readonly attachType: number
    })
  | (CommonLinkInfo & { readonly type: 'xdp'; readonly ifindex: number })
  | PerfEventLinkInfo
  | (CommonLinkInfo & {
      readonly type: 'kprobe_multi'
      readonly count: number
      readonly flags: number
      readonly missed: bigint
    })
  | (CommonLinkInfo & { readonly type: 'struct_ops'; readonly mapId: number })
  | (CommonLinkInfo & {
      readonly type: 'netfilter'
      readonly pf: number
      readonly hooknum: number
      readonly priority: number
      readonly flags: number
    })
  | (InterfaceLinkInfo & { readonly type: 'tcx' })
  | (CommonLinkInfo & {
      readonly type: 'uprobe_multi'
      readonly path: string
      readonly count: number
      readonly flags: number
      /** 0 means every process. */
      readonly pid: number
    })
  | (InterfaceLinkInfo & { readonly type: 'netkit' })
  | (CommonLinkInfo & {
      readonly type: 'sockmap'
      readonly mapId: number
      readonly attachType: number
    })
  | (CommonLinkInfo & {
      readonly type: 'tracing_multi'
      readonly attachType: number
      readonly count: number
    })
  /** A filter of a clsact queueing discipline, which is not a kernel link: its `id` is 0. */
  | (CommonLinkInfo & {
      readonly type: 'tc'
      readonly ifindex: number
      readonly direction: 'ingress' | 'egress'
      readonly handle: number
      readonly priority: number
    })
  /** The BPF_LINK_TYPE_ number of a type that is newer than this version of unplugin-bpf. */
  | (CommonLinkInfo & { readonly type: `${number}` })

export type PerfEventLinkInfo = CommonLinkInfo & { readonly type: 'perf_event' } & (
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
    /** Kernels before 6.6 do not tell. */
    | { readonly event: 'unknown' }
  )

/** Texts that the kernel writes to a buffer: the byte offsets of the buffer's pointer and length in the struct. */
type TextFields = Readonly<Record<string, { readonly pointer: number; readonly length: number }>>

interface InfoLayout {
  readonly type: string
  /** The kind of a perf event. */
  readonly event?: string
  readonly fields?: StructFields
  readonly texts?: TextFields
}

/** Layouts by the number of the BPF_LINK_TYPE_; for perf events by `7.` and the number of the bpf_perf_event_type. */
export type LinkInfoLayouts = Readonly<Record<string, InfoLayout>>

/* linux/bpf.h: enum bpf_link_type, struct bpf_link_info. Each is imported where such links are made. */

export const rawTracepointLinks: LinkInfoLayouts = {
  1: {
    type: 'raw_tracepoint',
    texts: { tracepoint: { pointer: 16, length: 24 } },
    fields: { cookie: 'q32' },
  },
}
export const tracingLinks: LinkInfoLayouts = {
  2: {
    type: 'tracing',
    fields: { attachType: 'u16', targetObjectId: 'u20', targetBtfId: 'u24', cookie: 'q32' },
  },
}
export const cgroupLinks: LinkInfoLayouts = {
  3: { type: 'cgroup', fields: { cgroupId: 'q16', attachType: 'u24' } },
}
export const iterLinks: LinkInfoLayouts = {
  4: { type: 'iter', texts: { target: { pointer: 16, length: 24 } }, fields: { mapId: 'u28' } },
}
export const netnsLinks: LinkInfoLayouts = {
  5: { type: 'netns', fields: { netnsInode: 'u16', attachType: 'u20' } },
}
export const xdpLinks: LinkInfoLayouts = { 6: { type: 'xdp', fields: { ifindex: 'u16' } } }
export const kprobeMultiLinks: LinkInfoLayouts = {
  8: { type: 'kprobe_multi', fields: { count: 'u24', flags: 'u28', missed: 'q32' } },
}
export const structOpsLinks: LinkInfoLayouts = {
  9: { type: 'struct_ops', fields: { mapId: 'u16' } },
}
export const netfilterLinks: LinkInfoLayouts = {
  10: {
    type: 'netfilter',
    fields: { pf: 'u16', hooknum: 'u20', priority: 'i24', flags: 'u28' },
  },
}
export const tcxLinks: LinkInfoLayouts = {
  11: { type: 'tcx', fields: { ifindex: 'u16', attachType: 'u20' } },
}
export const uprobeMultiLinks: LinkInfoLayouts = {
  12: {
    type: 'uprobe_multi',
    texts: { path: { pointer: 16, length: 48 } },
    fields: { count: 'u52', flags: 'u56', pid: 'u60' },
  },
}
export const netkitLinks: LinkInfoLayouts = {
  13: { type: 'netkit', fields: { ifindex: 'u16', attachType: 'u20' } },
}
export const sockmapLinks: LinkInfoLayouts = {
  14: { type: 'sockmap', fields: { mapId: 'u16', attachType: 'u20' } },
}
export const tracingMultiLinks: LinkInfoLayouts = {
  15: { type: 'tracing_multi', fields: { attachType: 'u16', count: 'u20' } },
}

const perfEventType = 7

function perfEventLayout(name: string, layout: Omit<InfoLayout, 'type'>): InfoLayout {
  return { type: 'perf_event', event: name, ...layout }
}

const kprobeEvent: Omit<InfoLayout, 'type'> = {
  texts: { symbol: { pointer: 24, length: 32 } },
  fields: { offset: 'u36', address: 'q40', missed: 'q48', cookie: 'q56' },
}
const uprobeEvent: Omit<InfoLayout, 'type'> = {
  texts: { path: { pointer: 24, length: 32 } },
  fields: { offset: 'u36', cookie: 'q40' },
}
export const probeLinks: LinkInfoLayouts = {
  '7.1': /*#__PURE__*/ perfEventLayout('uprobe', uprobeEvent),
  '7.2': /*#__PURE__*/ perfEventLayout('uretprobe', uprobeEvent),
  '7.3': /*#__PURE__*/ perfEventLayout('kprobe', kprobeEvent),
  '7.4': /*#__PURE__*/ perfEventLayout('kretprobe', kprobeEvent),
}
export const tracepointLinks: LinkInfoLayouts = {
  '7.5': /*#__PURE__*/ perfEventLayout('tracepoint', {
    texts: { tracepoint: { pointer: 24, length: 32 } },
    fields: { cookie: 'q40' },
  }),
}
export const eventLinks: LinkInfoLayouts = {
  '7.6': /*#__PURE__*/ perfEventLayout('event', {
    fields: { config: 'q24', eventType: 'u32', cookie: 'q40' },
  }),
}

/** Bytes of struct bpf_link_info, and of the buffers for its texts: PATH_MAX. */
const infoSize = 64
const textSize = 4096

/** Asks the kernel about a link. @returns minus the errno when the kernel refuses */
export function linkInfo(fd: number, layouts: LinkInfoLayouts): LinkInfo | number {
  const first = objectInfo(fd, infoSize)
  if (typeof first === 'number') return first
  const type = first.getUint32(0, true)
  const isEvent = type === perfEventType
  const {
    texts = {},
    fields = {},
    ...kind
  } = layouts[isEvent ? `${type}.${first.getUint32(16, true)}` : type] ??
  (isEvent ? perfEventLayout('unknown', {}) : { type: `${type}` })
  const info = scratch(infoSize)
  const buffers = Object.entries(texts).map(([name, { pointer, length }]) => {
    const text = scratch(textSize)
    setPointer(info.data, pointer, text.address)
    info.data.setUint32(length, textSize, true)
    return { name, text }
  })
  const second = objectInfo(fd, infoSize, info)
  if (typeof second === 'number') return second
  const read = buffers.map(({ name, text }) => [name, readString(text.address, textSize)])
  reachabilityFence(buffers)
  return {
    ...kind,
    ...readStruct(second, { id: 'u4', programId: 'u8', ...fields }),
    ...Object.fromEntries(read),
  } as LinkInfo
}
