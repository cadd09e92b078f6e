import type { SectionFacts } from '../runtime/programs/newer-section.ts'

const KPROBE = 2
const SCHED_CLS = 3
const TRACEPOINT = 5
const SK_SKB = 14
const RAW_TRACEPOINT = 17
const CGROUP_SOCK_ADDR = 18
const TRACING = 26
const NETFILTER = 32

/**
 * Sections that libbpf 1.0 does not know: the minor version that does, BPF_PROG_TYPE_ and bpf_attach_type
 * (libbpf.c: section_defs; linux/bpf.h).
 */
const SECTIONS: ReadonlyMap<string, readonly [minor: number, type: number, attachType: number]> =
  new Map([
    ['uprobe.multi', [3, KPROBE, 48]],
    ['uprobe.multi.s', [3, KPROBE, 48]],
    ['uretprobe.multi', [3, KPROBE, 48]],
    ['uretprobe.multi.s', [3, KPROBE, 48]],
    ['netfilter', [3, NETFILTER, 45]],
    ['tc/ingress', [3, SCHED_CLS, 46]],
    ['tc/egress', [3, SCHED_CLS, 47]],
    ['tcx/ingress', [3, SCHED_CLS, 46]],
    ['tcx/egress', [3, SCHED_CLS, 47]],
    ['netkit/primary', [3, SCHED_CLS, 54]],
    ['netkit/peer', [3, SCHED_CLS, 55]],
    ['cgroup/connect_unix', [4, CGROUP_SOCK_ADDR, 49]],
    ['cgroup/sendmsg_unix', [4, CGROUP_SOCK_ADDR, 50]],
    ['cgroup/recvmsg_unix', [4, CGROUP_SOCK_ADDR, 51]],
    ['cgroup/getpeername_unix', [4, CGROUP_SOCK_ADDR, 52]],
    ['cgroup/getsockname_unix', [4, CGROUP_SOCK_ADDR, 53]],
    ['kprobe.session', [5, KPROBE, 56]],
    ['sk_skb/verdict', [5, SK_SKB, 38]],
    ['uprobe.session', [6, KPROBE, 57]],
    ['uprobe.session.s', [6, KPROBE, 57]],
    ['fentry.multi', [8, TRACING, 59]],
    ['fentry.multi.s', [8, TRACING, 59]],
    ['fexit.multi', [8, TRACING, 60]],
    ['fexit.multi.s', [8, TRACING, 60]],
    ['fsession.multi', [8, TRACING, 61]],
    ['fsession.multi.s', [8, TRACING, 61]],
    ['tp.s', [8, TRACEPOINT, 0]],
    ['tracepoint.s', [8, TRACEPOINT, 0]],
    ['raw_tp.s', [8, RAW_TRACEPOINT, 0]],
    ['raw_tracepoint.s', [8, RAW_TRACEPOINT, 0]],
  ])

/** What the runtime must tell an older libbpf of the program; undefined of a section that each knows. */
export function newerSection(section: string): SectionFacts | undefined {
  const name = section.replace(/^\?/u, '')
  const [base = name, target] = name.split('/', 2)
  const whole = SECTIONS.get(name)
  const found = whole ?? SECTIONS.get(base)
  if (!found) return undefined
  const [minor, type, attachType] = found
  return {
    minor,
    type,
    attachType,
    ...(base.endsWith('.s') ? { sleepable: true } : {}),
    // Sections with a slash of their own, `tcx/ingress`, are attached by hand; of many uprobes, by the runtime.
    ...(!whole && target !== undefined && !base.startsWith('u') ? { attaches: true } : {}),
  }
}
