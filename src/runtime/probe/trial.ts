import { BPF_PROG_LOAD, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { cString, readString, scratch, setPointer } from '../ffi/memory.ts'

/** union bpf_attr of BPF_PROG_LOAD, up to attach_btf_id (linux/bpf.h). */
const attrSize = 112
const logSize = 4096

/** linux/bpf.h: kinds of programs that are verified for one place to attach alone, by number, with such a place. */
const attachTypes: Readonly<Record<number, number>> = {
  18: 10, // CGROUP_SOCK_ADDR: CGROUP_INET4_CONNECT
  20: 24, // LIRC_MODE2: LIRC_MODE2
  25: 21, // CGROUP_SOCKOPT: CGROUP_GETSOCKOPT
  30: 36, // SK_LOOKUP: SK_LOOKUP
  32: 45, // NETFILTER: NETFILTER
}
const syscallType = 31
const BPF_F_SLEEPABLE = 1 << 4

export interface Trial {
  /** 0 or minus the errno. */
  readonly result: number
  /** The verifier's. */
  readonly log: string
}

export interface TrialTarget {
  readonly attachType: number
  /** The id of what is attached to, in the kernel's BTF. */
  readonly btfId: number
}

/** Loads, and closes again, a program that calls one helper, if given, and returns. */
export function loadTrial(type: number, helper?: number, target?: TrialTarget): Trial {
  const instructions = scratch(24)
  let count = 0
  const add = (code: number, registers: number, immediate: number): void => {
    instructions.data.setUint8(count * 8, code)
    instructions.data.setUint8(count * 8 + 1, registers)
    instructions.data.setInt32(count * 8 + 4, immediate, true)
    count++
  }
  if (helper !== undefined) add(0x85, 0, helper) // call
  // Of netfilter programs 1 is "accept", of others anything goes.
  add(0xb7, 0, type in attachTypes ? 1 : 0) // r0 = …
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
  attr.data.setUint32(44, type === syscallType ? BPF_F_SLEEPABLE : 0, true)
  attr.data.setUint32(68, target?.attachType ?? attachTypes[type] ?? 0, true)
  attr.data.setUint32(108, target?.btfId ?? 0, true)
  const fd = bpf(BPF_PROG_LOAD, attr)
  if (fd >= 0) close(fd)
  return { result: Math.min(0, fd), log: readString(log.address, logSize) }
}
