import type { AttachType } from '../uapi/attach-type-names.ts'
import type { ProgType } from '../uapi/prog-type.ts'

/** The name after BPF_PROG_TYPE_: `SCHED_CLS`. */
export type ProgramType = Uppercase<ProgType>

/** The runtime's class for a program, as generated modules name it (src/codegen/kinds.ts). */
export type ProgramClass =
  | 'CgroupProgram'
  | 'CgroupSkbProgram'
  | 'ExtensionProgram'
  | 'FentryProgram'
  | 'FlowDissectorProgram'
  | 'IterProgram'
  | 'KprobeProgram'
  | 'LsmProgram'
  | 'NetfilterProgram'
  | 'PacketProgram'
  | 'PerfEventProgram'
  | 'Program'
  | 'RawTracepointProgram'
  | 'SchedClsProgram'
  | 'SkLookupProgram'
  | 'SkReuseportProgram'
  | 'SocketFilterProgram'
  | 'SockmapProgram'
  | 'StructOpsProgram'
  | 'SyscallProgram'
  | 'TracepointProgram'
  | 'TracingMultiProgram'
  | 'TracingProgram'
  | 'XdpProgram'

/** The properties of a program that `SEC("…")` implies. */
export interface SectionDefinition {
  readonly type: ProgramType
  readonly attachType?: AttachType
  /** Whether a kernel that does not know the attach type loads and attaches the program nevertheless. */
  readonly attachTypeIsOptional?: true
  /** Whether its programs may sleep. */
  readonly sleepable?: true
  /** Whether its programs take packets of several buffers. */
  readonly fragments?: true
  /** Who attaches the program in `attach()` once the section names a target; undefined when only a function can. */
  readonly attachedBy?: 'libbpf' | 'runtime'
  /** The first libbpf 1.x that knows the section, if 1.0 does not. */
  readonly libbpf?: number
  /** The runtime's class for such a program. */
  readonly class: ProgramClass
}

/** The sections of one program type, and by name what each implies besides. */
interface Group extends Pick<SectionDefinition, 'type' | 'class' | 'attachedBy'> {
  readonly sections: Readonly<Record<string, Partial<SectionDefinition>>>
}

/**
 * Every section that libbpf knows (libbpf.c: section_defs). To add one, add a row here, and the class in
 * src/runtime/programs if it is new.
 *
 * A name that ends in `+` stands alone or before a target: `kprobe`, `kprobe/do_exit`. `(.s)` stands for two names, of
 * which the second's programs may sleep.
 */
const groups: readonly Group[] = [
  {
    type: 'KPROBE',
    class: 'KprobeProgram',
    attachedBy: 'libbpf',
    sections: {
      'kprobe+': {},
      'kretprobe+': {},
      'kprobe.multi+': { attachType: 'BPF_TRACE_KPROBE_MULTI' },
      'kretprobe.multi+': { attachType: 'BPF_TRACE_KPROBE_MULTI' },
      'kprobe.session+': { attachType: 'BPF_TRACE_KPROBE_SESSION', libbpf: 5 },
      'ksyscall+': {},
      'kretsyscall+': {},
    },
  },
  {
    // The runtime finds the functions itself, whatever the libbpf.
    type: 'KPROBE',
    class: 'KprobeProgram',
    attachedBy: 'runtime',
    sections: {
      'uprobe(.s)+': {},
      'uretprobe(.s)+': {},
      'uprobe.multi(.s)+': { attachType: 'BPF_TRACE_UPROBE_MULTI', libbpf: 3 },
      'uretprobe.multi(.s)+': { attachType: 'BPF_TRACE_UPROBE_MULTI', libbpf: 3 },
      'uprobe.session(.s)+': { attachType: 'BPF_TRACE_UPROBE_SESSION', libbpf: 6 },
      'usdt(.s)+': {},
    },
  },
  {
    type: 'TRACEPOINT',
    class: 'TracepointProgram',
    attachedBy: 'libbpf',
    sections: {
      'tracepoint+': {},
      'tp+': {},
      'tracepoint.s+': { sleepable: true, libbpf: 8 },
      'tp.s+': { sleepable: true, libbpf: 8 },
    },
  },
  {
    type: 'RAW_TRACEPOINT',
    class: 'RawTracepointProgram',
    attachedBy: 'libbpf',
    sections: {
      'raw_tracepoint+': {},
      'raw_tp+': {},
      'raw_tracepoint.s+': { sleepable: true, libbpf: 8 },
      'raw_tp.s+': { sleepable: true, libbpf: 8 },
      'raw_tracepoint.w+': { type: 'RAW_TRACEPOINT_WRITABLE' },
      'raw_tp.w+': { type: 'RAW_TRACEPOINT_WRITABLE' },
    },
  },
  {
    type: 'TRACING',
    class: 'TracingProgram',
    attachedBy: 'libbpf',
    sections: {
      'tp_btf(.s)+': { attachType: 'BPF_TRACE_RAW_TP' },
      'fentry(.s)+': { attachType: 'BPF_TRACE_FENTRY', class: 'FentryProgram' },
      'fexit(.s)+': { attachType: 'BPF_TRACE_FEXIT', class: 'FentryProgram' },
      'fmod_ret(.s)+': { attachType: 'BPF_MODIFY_RETURN', class: 'FentryProgram' },
      'fsession(.s)+': { attachType: 'BPF_TRACE_FSESSION' },
      'iter(.s)+': { attachType: 'BPF_TRACE_ITER', class: 'IterProgram' },
    },
  },
  {
    type: 'TRACING',
    class: 'TracingMultiProgram',
    attachedBy: 'libbpf',
    sections: {
      'fentry.multi(.s)+': { attachType: 'BPF_TRACE_FENTRY_MULTI', libbpf: 8 },
      'fexit.multi(.s)+': { attachType: 'BPF_TRACE_FEXIT_MULTI', libbpf: 8 },
      'fsession.multi(.s)+': { attachType: 'BPF_TRACE_FSESSION_MULTI', libbpf: 8 },
    },
  },
  { type: 'EXT', class: 'ExtensionProgram', attachedBy: 'libbpf', sections: { 'freplace+': {} } },
  {
    type: 'LSM',
    class: 'LsmProgram',
    attachedBy: 'libbpf',
    sections: { 'lsm(.s)+': { attachType: 'BPF_LSM_MAC' } },
  },
  {
    type: 'LSM',
    class: 'CgroupProgram',
    sections: { 'lsm_cgroup+': { attachType: 'BPF_LSM_CGROUP' } },
  },
  { type: 'STRUCT_OPS', class: 'StructOpsProgram', sections: { 'struct_ops(.s)+': {} } },
  { type: 'SYSCALL', class: 'SyscallProgram', sections: { syscall: { sleepable: true } } },
  { type: 'PERF_EVENT', class: 'PerfEventProgram', sections: { perf_event: {} } },
  {
    type: 'XDP',
    class: 'XdpProgram',
    sections: {
      xdp: { attachType: 'BPF_XDP' },
      'xdp.frags': { attachType: 'BPF_XDP', fragments: true },
      'xdp/devmap': { attachType: 'BPF_XDP_DEVMAP' },
      'xdp.frags/devmap': { attachType: 'BPF_XDP_DEVMAP', fragments: true },
      'xdp/cpumap': { attachType: 'BPF_XDP_CPUMAP' },
      'xdp.frags/cpumap': { attachType: 'BPF_XDP_CPUMAP', fragments: true },
    },
  },
  {
    type: 'SCHED_CLS',
    class: 'SchedClsProgram',
    sections: {
      tc: {},
      classifier: {},
      'tc/ingress': { attachType: 'BPF_TCX_INGRESS', attachTypeIsOptional: true, libbpf: 3 },
      'tc/egress': { attachType: 'BPF_TCX_EGRESS', attachTypeIsOptional: true, libbpf: 3 },
      'tcx/ingress': { attachType: 'BPF_TCX_INGRESS', libbpf: 3 },
      'tcx/egress': { attachType: 'BPF_TCX_EGRESS', libbpf: 3 },
      'netkit/primary': { attachType: 'BPF_NETKIT_PRIMARY', libbpf: 3 },
      'netkit/peer': { attachType: 'BPF_NETKIT_PEER', libbpf: 3 },
    },
  },
  { type: 'SCHED_ACT', class: 'PacketProgram', sections: { action: {} } },
  { type: 'LWT_IN', class: 'PacketProgram', sections: { lwt_in: {} } },
  { type: 'LWT_OUT', class: 'PacketProgram', sections: { lwt_out: {} } },
  { type: 'LWT_XMIT', class: 'PacketProgram', sections: { lwt_xmit: {} } },
  { type: 'LWT_SEG6LOCAL', class: 'PacketProgram', sections: { lwt_seg6local: {} } },
  {
    type: 'NETFILTER',
    class: 'NetfilterProgram',
    sections: { netfilter: { attachType: 'BPF_NETFILTER', libbpf: 3 } },
  },
  {
    type: 'FLOW_DISSECTOR',
    class: 'FlowDissectorProgram',
    sections: { flow_dissector: { attachType: 'BPF_FLOW_DISSECTOR' } },
  },
  {
    type: 'SK_LOOKUP',
    class: 'SkLookupProgram',
    sections: { sk_lookup: { attachType: 'BPF_SK_LOOKUP' } },
  },
  { type: 'SOCKET_FILTER', class: 'SocketFilterProgram', sections: { socket: {} } },
  {
    type: 'SK_REUSEPORT',
    class: 'SkReuseportProgram',
    sections: {
      sk_reuseport: { attachType: 'BPF_SK_REUSEPORT_SELECT' },
      'sk_reuseport/migrate': { attachType: 'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE' },
    },
  },
  {
    type: 'SK_MSG',
    class: 'SockmapProgram',
    sections: { sk_msg: { attachType: 'BPF_SK_MSG_VERDICT' } },
  },
  {
    type: 'SK_SKB',
    class: 'SockmapProgram',
    sections: {
      sk_skb: {},
      'sk_skb/verdict': { attachType: 'BPF_SK_SKB_VERDICT', libbpf: 5 },
      'sk_skb/stream_parser': { attachType: 'BPF_SK_SKB_STREAM_PARSER' },
      'sk_skb/stream_verdict': { attachType: 'BPF_SK_SKB_STREAM_VERDICT' },
    },
  },
  {
    type: 'LIRC_MODE2',
    class: 'Program',
    sections: { lirc_mode2: { attachType: 'BPF_LIRC_MODE2' } },
  },
  {
    type: 'SOCK_OPS',
    class: 'CgroupProgram',
    sections: { sockops: { attachType: 'BPF_CGROUP_SOCK_OPS' } },
  },
  {
    type: 'CGROUP_SKB',
    class: 'CgroupSkbProgram',
    sections: {
      'cgroup/skb': {},
      'cgroup_skb/ingress': { attachType: 'BPF_CGROUP_INET_INGRESS' },
      'cgroup_skb/egress': { attachType: 'BPF_CGROUP_INET_EGRESS' },
    },
  },
  {
    type: 'CGROUP_SOCK',
    class: 'CgroupProgram',
    sections: {
      'cgroup/sock': { attachType: 'BPF_CGROUP_INET_SOCK_CREATE' },
      'cgroup/sock_create': { attachType: 'BPF_CGROUP_INET_SOCK_CREATE' },
      'cgroup/sock_release': { attachType: 'BPF_CGROUP_INET_SOCK_RELEASE' },
      'cgroup/post_bind4': { attachType: 'BPF_CGROUP_INET4_POST_BIND' },
      'cgroup/post_bind6': { attachType: 'BPF_CGROUP_INET6_POST_BIND' },
    },
  },
  {
    type: 'CGROUP_SOCK_ADDR',
    class: 'CgroupProgram',
    sections: {
      'cgroup/bind4': { attachType: 'BPF_CGROUP_INET4_BIND' },
      'cgroup/bind6': { attachType: 'BPF_CGROUP_INET6_BIND' },
      'cgroup/connect4': { attachType: 'BPF_CGROUP_INET4_CONNECT' },
      'cgroup/connect6': { attachType: 'BPF_CGROUP_INET6_CONNECT' },
      'cgroup/connect_unix': { attachType: 'BPF_CGROUP_UNIX_CONNECT', libbpf: 4 },
      'cgroup/sendmsg4': { attachType: 'BPF_CGROUP_UDP4_SENDMSG' },
      'cgroup/sendmsg6': { attachType: 'BPF_CGROUP_UDP6_SENDMSG' },
      'cgroup/sendmsg_unix': { attachType: 'BPF_CGROUP_UNIX_SENDMSG', libbpf: 4 },
      'cgroup/recvmsg4': { attachType: 'BPF_CGROUP_UDP4_RECVMSG' },
      'cgroup/recvmsg6': { attachType: 'BPF_CGROUP_UDP6_RECVMSG' },
      'cgroup/recvmsg_unix': { attachType: 'BPF_CGROUP_UNIX_RECVMSG', libbpf: 4 },
      'cgroup/getpeername4': { attachType: 'BPF_CGROUP_INET4_GETPEERNAME' },
      'cgroup/getpeername6': { attachType: 'BPF_CGROUP_INET6_GETPEERNAME' },
      'cgroup/getpeername_unix': { attachType: 'BPF_CGROUP_UNIX_GETPEERNAME', libbpf: 4 },
      'cgroup/getsockname4': { attachType: 'BPF_CGROUP_INET4_GETSOCKNAME' },
      'cgroup/getsockname6': { attachType: 'BPF_CGROUP_INET6_GETSOCKNAME' },
      'cgroup/getsockname_unix': { attachType: 'BPF_CGROUP_UNIX_GETSOCKNAME', libbpf: 4 },
    },
  },
  {
    type: 'CGROUP_SYSCTL',
    class: 'CgroupProgram',
    sections: { 'cgroup/sysctl': { attachType: 'BPF_CGROUP_SYSCTL' } },
  },
  {
    type: 'CGROUP_SOCKOPT',
    class: 'CgroupProgram',
    sections: {
      'cgroup/getsockopt': { attachType: 'BPF_CGROUP_GETSOCKOPT' },
      'cgroup/setsockopt': { attachType: 'BPF_CGROUP_SETSOCKOPT' },
    },
  },
  {
    type: 'CGROUP_DEVICE',
    class: 'CgroupProgram',
    sections: { 'cgroup/dev': { attachType: 'BPF_CGROUP_DEVICE' } },
  },
]

/** The definitions by their whole name, `+` included. */
export const sectionDefinitions: ReadonlyMap<string, SectionDefinition> = new Map(
  groups.flatMap(({ sections, ...group }) =>
    Object.entries(sections).flatMap(([name, own]): [string, SectionDefinition][] => {
      const definition = { ...group, ...own }
      if (!name.includes('(.s)')) return [[name, definition]]
      return [
        [name.replace('(.s)', ''), definition],
        [name.replace('(.s)', '.s'), { ...definition, sleepable: true }],
      ]
    }),
  ),
)

/** The definition of an object's section, such as `?kprobe/do_exit`. */
export interface SectionMatch {
  readonly definition: SectionDefinition
  /** The text behind the name: `do_exit`. */
  readonly target: string | undefined
}

/** Finds the definition of a section; undefined if libbpf does not know it: the program's type must be set before it loads. */
export function matchSection(section: string): SectionMatch | undefined {
  const name = section.replace(/^\?/u, '')
  const whole = sectionDefinitions.get(name)
  if (whole) return { definition: whole, target: undefined }
  const [base = name, target] = name.split('/', 2)
  const definition = sectionDefinitions.get(`${base}+`)
  return definition && { definition, target }
}
