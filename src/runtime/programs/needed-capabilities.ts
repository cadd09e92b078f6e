import { type ProgType, progTypes } from '../../uapi/prog-type.ts'
import type { Capability } from '../host/capabilities.ts'

/** The capabilities that a process needs for programs of one type. */
export interface NeededCapabilities {
  readonly load: readonly Capability[]
  /** Additional capabilities for some ways of attaching. */
  readonly attach?: readonly AttachNeed[]
}

export interface AttachNeed {
  /** `attachUprobe()` */
  readonly how: string
  readonly capabilities: readonly Capability[]
}

const bpf = ['CAP_BPF'] as const
const tracing = ['CAP_BPF', 'CAP_PERFMON'] as const
const network = ['CAP_BPF', 'CAP_NET_ADMIN'] as const

/** Some kernels, such as 6.18, allow uprobe events to CAP_SYS_ADMIN alone. Uprobe multi links are not events. */
export const uprobeEvents: AttachNeed = {
  how: 'attachUprobe(), attachUsdt()',
  capabilities: ['CAP_SYS_ADMIN'],
}
/** packet(7): raw packet sockets. */
export const packetSocket: AttachNeed = {
  how: 'attachSocketFilter() to an interface',
  capabilities: ['CAP_NET_RAW'],
}
/** The folders of tracefs have mode 0700 by default. */
const readTracefs: AttachNeed = {
  how: 'attachTracepoint(), while only root may read tracefs',
  capabilities: ['CAP_DAC_READ_SEARCH'],
}
/** A cgroup_skb program may be loaded by whoever may load a socket filter. */
export const cgroupSkb: AttachNeed = { how: 'attachCgroup()', capabilities: ['CAP_NET_ADMIN'] }

/**
 * What each program type needs (kernel/bpf/syscall.c: is_net_admin_prog_type, is_perfmon_prog_type). Errors, `doctor` and
 * docs/capabilities.md all read it; e2e/kernel/programs/capabilities.test.ts measures it.
 */
export const neededCapabilities: Readonly<Record<Exclude<ProgType, 'unspec'>, NeededCapabilities>> =
  {
    socket_filter: { load: bpf, attach: [packetSocket] },
    kprobe: { load: tracing, attach: [uprobeEvents] },
    sched_cls: { load: network },
    sched_act: { load: network },
    tracepoint: { load: tracing, attach: [readTracefs] },
    xdp: { load: network },
    perf_event: { load: tracing },
    cgroup_skb: { load: bpf, attach: [cgroupSkb] },
    cgroup_sock: { load: network },
    lwt_in: { load: network },
    lwt_out: { load: network },
    lwt_xmit: { load: network },
    sock_ops: { load: network },
    sk_skb: { load: network },
    cgroup_device: { load: network },
    sk_msg: { load: network },
    raw_tracepoint: { load: tracing },
    cgroup_sock_addr: { load: network },
    lwt_seg6local: { load: network },
    lirc_mode2: { load: bpf },
    sk_reuseport: { load: bpf },
    flow_dissector: { load: network },
    cgroup_sysctl: { load: network },
    raw_tracepoint_writable: { load: tracing },
    cgroup_sockopt: { load: network },
    tracing: { load: tracing },
    struct_ops: { load: tracing },
    ext: { load: ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN'] },
    lsm: { load: tracing },
    sk_lookup: { load: bpf },
    syscall: { load: bpf },
    netfilter: { load: network },
  }

/** @param type BPF_PROG_TYPE_ number. One that is not in the table needs what tracing needs. */
export function capabilitiesFor(type: number): NeededCapabilities {
  const name = progTypes[type]
  return name === undefined || name === 'unspec' ? { load: tracing } : neededCapabilities[name]
}
