import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { requireCertainty } from './certainty.ts'
import type { Kinds } from './kind.ts'
import { hasKind, numberOf, titleOf } from './kind.ts'
import { loadTrial } from './trial.ts'

/** By number (linux/bpf.h: enum bpf_prog_type), in lower case. */
const names = [
  'unspec',
  'socket_filter',
  'kprobe',
  'sched_cls',
  'sched_act',
  'tracepoint',
  'xdp',
  'perf_event',
  'cgroup_skb',
  'cgroup_sock',
  'lwt_in',
  'lwt_out',
  'lwt_xmit',
  'sock_ops',
  'sk_skb',
  'cgroup_device',
  'sk_msg',
  'raw_tracepoint',
  'cgroup_sock_addr',
  'lwt_seg6local',
  'lirc_mode2',
  'sk_reuseport',
  'flow_dissector',
  'cgroup_sysctl',
  'raw_tracepoint_writable',
  'cgroup_sockopt',
  'tracing',
  'struct_ops',
  'ext',
  'lsm',
  'sk_lookup',
  'syscall',
  'netfilter',
] as const

export type ProgramTypeName = Exclude<(typeof names)[number], 'unspec'>
export type ProgramType = ProgramTypeName | `BPF_PROG_TYPE_${string}` | number

const kinds: Kinds<(typeof names)[number]> = {
  what: 'program type',
  prefix: 'BPF_PROG_TYPE_',
  names,
  probe(type, title) {
    const { result, log } = loadTrial(type)
    // The verifier speaks of types that are there alone: some it wants told what they attach to.
    if (result >= 0 || log !== '') return true
    requireCertainty(title)
    if (result === -EINVAL) return false
    throw refused(title, -result)
  },
}

/**
 * Whether the kernel has a kind of program, by loading one.
 * @param type `sk_lookup`, `BPF_PROG_TYPE_SK_LOOKUP`, or its number
 * @throws {BpfError} EPERM when only a privileged process could tell, or the kernel has it and refuses it to everyone
 */
export function programType(type: ProgramType): boolean {
  return hasKind(kinds, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeNumber(type: ProgramType): number {
  return numberOf(kinds, type as ProgramTypeName | number)
}

/** @internal */
export function programTypeTitle(type: number): string {
  return titleOf(kinds, type)
}

/** Of a process that has the capabilities. @internal */
export function refused(title: string, errno: number): BpfError {
  return new BpfError({ operation: 'probe', object: title, errno, hint: privilegeHint(errno) })
}
