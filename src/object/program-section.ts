/** What the name in `SEC("…")` says about a program (libbpf.c: section_defs). */
export interface ProgramSection {
  /** BPF_PROG_TYPE_ */
  readonly type: string
  /** The bpf_attach_type's name, where there is one. */
  readonly attachType: string | undefined
  readonly sleepable: boolean
  /** Whether `attach()` attaches it once the section names a target. */
  readonly autoattach: boolean
}

/**
 * A name that ends in `+` stands alone or before a target: `kprobe`, `kprobe/do_exit`. `(.s)` stands
 * for two names: its programs may sleep.
 */
type Row = readonly [name: string, type: string, attachType?: string]

const ATTACHED_BY_LIBBPF: readonly Row[] = [
  ['kprobe+', 'KPROBE'],
  ['kretprobe+', 'KPROBE'],
  ['uprobe(.s)+', 'KPROBE'],
  ['uretprobe(.s)+', 'KPROBE'],
  ['kprobe.multi+', 'KPROBE', 'BPF_TRACE_KPROBE_MULTI'],
  ['kretprobe.multi+', 'KPROBE', 'BPF_TRACE_KPROBE_MULTI'],
  ['kprobe.session+', 'KPROBE', 'BPF_TRACE_KPROBE_SESSION'],
  ['uprobe.multi(.s)+', 'KPROBE', 'BPF_TRACE_UPROBE_MULTI'],
  ['uretprobe.multi(.s)+', 'KPROBE', 'BPF_TRACE_UPROBE_MULTI'],
  ['uprobe.session(.s)+', 'KPROBE', 'BPF_TRACE_UPROBE_SESSION'],
  ['ksyscall+', 'KPROBE'],
  ['kretsyscall+', 'KPROBE'],
  ['usdt(.s)+', 'KPROBE'],
  ['tracepoint(.s)+', 'TRACEPOINT'],
  ['tp(.s)+', 'TRACEPOINT'],
  ['raw_tracepoint(.s)+', 'RAW_TRACEPOINT'],
  ['raw_tp(.s)+', 'RAW_TRACEPOINT'],
  ['raw_tracepoint.w+', 'RAW_TRACEPOINT_WRITABLE'],
  ['raw_tp.w+', 'RAW_TRACEPOINT_WRITABLE'],
  ['tp_btf(.s)+', 'TRACING', 'BPF_TRACE_RAW_TP'],
  ['fentry(.s)+', 'TRACING', 'BPF_TRACE_FENTRY'],
  ['fexit(.s)+', 'TRACING', 'BPF_TRACE_FEXIT'],
  ['fmod_ret(.s)+', 'TRACING', 'BPF_MODIFY_RETURN'],
  ['fsession(.s)+', 'TRACING', 'BPF_TRACE_FSESSION'],
  ['fentry.multi(.s)+', 'TRACING', 'BPF_TRACE_FENTRY_MULTI'],
  ['fexit.multi(.s)+', 'TRACING', 'BPF_TRACE_FEXIT_MULTI'],
  ['fsession.multi(.s)+', 'TRACING', 'BPF_TRACE_FSESSION_MULTI'],
  ['iter(.s)+', 'TRACING', 'BPF_TRACE_ITER'],
  ['freplace+', 'EXT'],
  ['lsm(.s)+', 'LSM', 'BPF_LSM_MAC'],
]

const ATTACHED_BY_HAND: readonly Row[] = [
  ['lsm_cgroup+', 'LSM', 'BPF_LSM_CGROUP'],
  ['struct_ops(.s)+', 'STRUCT_OPS'],
  ['socket', 'SOCKET_FILTER'],
  ['sk_reuseport', 'SK_REUSEPORT', 'BPF_SK_REUSEPORT_SELECT'],
  ['sk_reuseport/migrate', 'SK_REUSEPORT', 'BPF_SK_REUSEPORT_SELECT_OR_MIGRATE'],
  ['sk_lookup', 'SK_LOOKUP', 'BPF_SK_LOOKUP'],
  ['tc', 'SCHED_CLS'],
  ['classifier', 'SCHED_CLS'],
  ['action', 'SCHED_ACT'],
  ['tc/ingress', 'SCHED_CLS', 'BPF_TCX_INGRESS'],
  ['tc/egress', 'SCHED_CLS', 'BPF_TCX_EGRESS'],
  ['tcx/ingress', 'SCHED_CLS', 'BPF_TCX_INGRESS'],
  ['tcx/egress', 'SCHED_CLS', 'BPF_TCX_EGRESS'],
  ['netkit/primary', 'SCHED_CLS', 'BPF_NETKIT_PRIMARY'],
  ['netkit/peer', 'SCHED_CLS', 'BPF_NETKIT_PEER'],
  ['netfilter', 'NETFILTER', 'BPF_NETFILTER'],
  ['xdp', 'XDP', 'BPF_XDP'],
  ['xdp.frags', 'XDP', 'BPF_XDP'],
  ['xdp/devmap', 'XDP', 'BPF_XDP_DEVMAP'],
  ['xdp.frags/devmap', 'XDP', 'BPF_XDP_DEVMAP'],
  ['xdp/cpumap', 'XDP', 'BPF_XDP_CPUMAP'],
  ['xdp.frags/cpumap', 'XDP', 'BPF_XDP_CPUMAP'],
  ['perf_event', 'PERF_EVENT'],
  ['lwt_in', 'LWT_IN'],
  ['lwt_out', 'LWT_OUT'],
  ['lwt_xmit', 'LWT_XMIT'],
  ['lwt_seg6local', 'LWT_SEG6LOCAL'],
  ['lirc_mode2', 'LIRC_MODE2', 'BPF_LIRC_MODE2'],
  ['flow_dissector', 'FLOW_DISSECTOR', 'BPF_FLOW_DISSECTOR'],
  ['sockops', 'SOCK_OPS', 'BPF_CGROUP_SOCK_OPS'],
  ['sk_msg', 'SK_MSG', 'BPF_SK_MSG_VERDICT'],
  ['sk_skb', 'SK_SKB'],
  ['sk_skb/verdict', 'SK_SKB', 'BPF_SK_SKB_VERDICT'],
  ['sk_skb/stream_parser', 'SK_SKB', 'BPF_SK_SKB_STREAM_PARSER'],
  ['sk_skb/stream_verdict', 'SK_SKB', 'BPF_SK_SKB_STREAM_VERDICT'],
  ['cgroup/skb', 'CGROUP_SKB'],
  ['cgroup_skb/ingress', 'CGROUP_SKB', 'BPF_CGROUP_INET_INGRESS'],
  ['cgroup_skb/egress', 'CGROUP_SKB', 'BPF_CGROUP_INET_EGRESS'],
  ['cgroup/sock', 'CGROUP_SOCK', 'BPF_CGROUP_INET_SOCK_CREATE'],
  ['cgroup/sock_create', 'CGROUP_SOCK', 'BPF_CGROUP_INET_SOCK_CREATE'],
  ['cgroup/sock_release', 'CGROUP_SOCK', 'BPF_CGROUP_INET_SOCK_RELEASE'],
  ['cgroup/post_bind4', 'CGROUP_SOCK', 'BPF_CGROUP_INET4_POST_BIND'],
  ['cgroup/post_bind6', 'CGROUP_SOCK', 'BPF_CGROUP_INET6_POST_BIND'],
  ['cgroup/bind4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_BIND'],
  ['cgroup/bind6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_BIND'],
  ['cgroup/connect4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_CONNECT'],
  ['cgroup/connect6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_CONNECT'],
  ['cgroup/connect_unix', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_CONNECT'],
  ['cgroup/sendmsg4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP4_SENDMSG'],
  ['cgroup/sendmsg6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP6_SENDMSG'],
  ['cgroup/sendmsg_unix', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_SENDMSG'],
  ['cgroup/recvmsg4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP4_RECVMSG'],
  ['cgroup/recvmsg6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UDP6_RECVMSG'],
  ['cgroup/recvmsg_unix', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_RECVMSG'],
  ['cgroup/getpeername4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_GETPEERNAME'],
  ['cgroup/getpeername6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_GETPEERNAME'],
  ['cgroup/getpeername_unix', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_GETPEERNAME'],
  ['cgroup/getsockname4', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET4_GETSOCKNAME'],
  ['cgroup/getsockname6', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_INET6_GETSOCKNAME'],
  ['cgroup/getsockname_unix', 'CGROUP_SOCK_ADDR', 'BPF_CGROUP_UNIX_GETSOCKNAME'],
  ['cgroup/sysctl', 'CGROUP_SYSCTL', 'BPF_CGROUP_SYSCTL'],
  ['cgroup/getsockopt', 'CGROUP_SOCKOPT', 'BPF_CGROUP_GETSOCKOPT'],
  ['cgroup/setsockopt', 'CGROUP_SOCKOPT', 'BPF_CGROUP_SETSOCKOPT'],
  ['cgroup/dev', 'CGROUP_DEVICE', 'BPF_CGROUP_DEVICE'],
]

const definitions = new Map<string, ProgramSection>()
for (const [autoattach, rows] of [
  [true, ATTACHED_BY_LIBBPF],
  [false, ATTACHED_BY_HAND],
] as const) {
  for (const [name, type, attachType] of rows) {
    const sleepable = name.includes('(.s)')
    definitions.set(name.replace('(.s)', ''), { type, attachType, sleepable: false, autoattach })
    if (sleepable) {
      definitions.set(name.replace('(.s)', '.s'), { type, attachType, sleepable, autoattach })
    }
  }
}
definitions.set('syscall', {
  type: 'SYSCALL',
  attachType: undefined,
  sleepable: true,
  autoattach: false,
})

/** Undefined when libbpf knows no such section: the program needs its type set before it loads. */
export function programSection(section: string): ProgramSection | undefined {
  const name = section.replace(/^\?/u, '')
  return definitions.get(name) ?? definitions.get(`${name.split('/', 1)[0]}+`)
}
