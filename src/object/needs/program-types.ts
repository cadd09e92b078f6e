import { byName, type Releases, type Version } from './version.ts'

/** The program types, by the kernel release that added them (include/uapi/linux/bpf.h: enum bpf_prog_type). */
const PROGRAM_TYPES: Releases = [
  ['3.19', `SOCKET_FILTER`],
  ['4.1', `KPROBE SCHED_CLS SCHED_ACT`],
  ['4.7', `TRACEPOINT`],
  ['4.8', `XDP`],
  ['4.9', `PERF_EVENT`],
  ['4.10', `CGROUP_SKB CGROUP_SOCK LWT_IN LWT_OUT LWT_XMIT`],
  ['4.13', `SOCK_OPS`],
  ['4.14', `SK_SKB`],
  ['4.15', `CGROUP_DEVICE`],
  ['4.17', `SK_MSG RAW_TRACEPOINT CGROUP_SOCK_ADDR`],
  ['4.18', `LWT_SEG6LOCAL LIRC_MODE2`],
  ['4.19', `SK_REUSEPORT`],
  ['4.20', `FLOW_DISSECTOR`],
  ['5.2', `CGROUP_SYSCTL RAW_TRACEPOINT_WRITABLE`],
  ['5.3', `CGROUP_SOCKOPT`],
  ['5.5', `TRACING`],
  ['5.6', `STRUCT_OPS EXT`],
  ['5.7', `LSM`],
  ['5.9', `SK_LOOKUP`],
  ['5.14', `SYSCALL`],
  ['6.4', `NETFILTER`],
]

/** The first kernel release with a program type, by the name after BPF_PROG_TYPE_. */
export const programTypeSince: ReadonlyMap<string, Version> = byName(PROGRAM_TYPES)
