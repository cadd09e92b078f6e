import {
  BPF_CGROUP_GETSOCKOPT,
  BPF_CGROUP_INET4_CONNECT,
  BPF_LIRC_MODE2,
  BPF_NETFILTER,
  BPF_SK_LOOKUP,
} from '../../uapi/attach-type.ts'
import { CALL } from '../../uapi/insn.ts'
import { BPF_F_SLEEPABLE } from '../../uapi/prog-flags.ts'
import type { ProgType } from '../../uapi/prog-type.ts'
import { progTypes } from '../../uapi/prog-type.ts'
import { BPF_PROG_LOAD, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { cString, readString, scratch, setPointer } from '../ffi/memory.ts'

/** union bpf_attr of BPF_PROG_LOAD, up to attach_btf_id (linux/bpf.h). */
const attrSize = 112
const logSize = 4096

/** An attach type for each program type that is verified for one attach type. */
const attachTypes: Partial<Record<ProgType, number>> = {
  cgroup_sock_addr: BPF_CGROUP_INET4_CONNECT,
  lirc_mode2: BPF_LIRC_MODE2,
  cgroup_sockopt: BPF_CGROUP_GETSOCKOPT,
  sk_lookup: BPF_SK_LOOKUP,
  netfilter: BPF_NETFILTER,
}

export interface TrialLoad {
  /** 0 or minus the errno. */
  readonly result: number
  /** What the verifier wrote. */
  readonly log: string
}

export interface TrialTarget {
  readonly attachType: number
  /** The id, in the kernel's BTF, of what is attached to. */
  readonly btfId: number
}

/**
 * Loads a program that returns, and closes it again.
 * @param type BPF_PROG_TYPE_ number
 * @param helper the number of a helper that the program calls
 */
export function trialLoad(type: number, helper?: number, target?: TrialTarget): TrialLoad {
  const name = progTypes[type] ?? 'unspec'
  const attachType = attachTypes[name]
  const instructions = scratch(24)
  let count = 0
  const add = (code: number, registers: number, immediate: number): void => {
    instructions.data.setUint8(count * 8, code)
    instructions.data.setUint8(count * 8 + 1, registers)
    instructions.data.setInt32(count * 8 + 4, immediate, true)
    count++
  }
  if (helper !== undefined) add(CALL, 0, helper)
  // Netfilter programs must return a verdict: 1 is NF_ACCEPT.
  add(0xb7, 0, attachType === undefined ? 0 : 1) // r0 = …
  add(0x95, 0, 0) // exit
  const license = cString('GPL')
  const log = scratch(logSize)
  const attr = scratch(attrSize)
  attr.data.setUint32(0, type, true)
  attr.data.setUint32(4, count, true)
  setPointer(attr.data, 8, instructions.address)
  setPointer(attr.data, 16, license.address)
  attr.data.setUint32(24, 1, true) // log_level
  attr.data.setUint32(28, logSize, true)
  setPointer(attr.data, 32, log.address)
  attr.data.setUint32(44, name === 'syscall' ? BPF_F_SLEEPABLE : 0, true)
  attr.data.setUint32(68, target?.attachType ?? attachType ?? 0, true)
  attr.data.setUint32(108, target?.btfId ?? 0, true)
  const fd = bpf(BPF_PROG_LOAD, attr)
  if (fd >= 0) close(fd)
  return { result: Math.min(0, fd), log: readString(log.address, logSize) }
}
