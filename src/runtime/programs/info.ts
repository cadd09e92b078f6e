import { objectInfo } from '../ffi/bpf.ts'
import { scratch, setPointer, reachabilityFence } from '../ffi/memory.ts'
import { readStruct } from '../ffi/struct-fields.ts'
import { BpfError } from '../host/error.ts'

/** `struct bpf_prog_info`, as the kernel tells it. Sizes in bytes, times in nanoseconds. */
export interface ProgramInfo {
  /** BPF_PROG_TYPE_ number. */
  readonly type: number
  readonly id: number
  /** Of its instructions, as `bpftool prog` shows it: 16 hexadecimal digits. */
  readonly tag: string
  /** At most 15 characters. */
  readonly name: string
  /** Of the kernel's own instructions, after the verifier rewrote them. */
  readonly loadedSize: number
  /** Of the machine code. */
  readonly jitedSize: number
  /** Since boot. */
  readonly loadTime: bigint
  readonly uid: number
  readonly gplCompatible: boolean
  /** Of the maps that it uses. */
  readonly mapIds: readonly number[]
  /** 0 without BTF. */
  readonly btfId: number
  /** While `enableStats()` is on, in all: how long it ran. */
  readonly runTime: bigint
  /** And how often. */
  readonly runCount: bigint
  /** Runs left out since it was running already on that CPU. */
  readonly recursionMisses: bigint
  /** How many instructions the verifier walked. 0 before kernel 5.16. */
  readonly verifiedInstructions: number
}

/** Bytes of struct bpf_prog_info up to verified_insns and its padding (linux/bpf.h). */
const infoSize = 224
const mapCountOffset = 52
const mapIdsOffset = 56
const infoFields = {
  type: 'u0',
  id: 'u4',
  name: 'n64',
  loadedSize: 'u20',
  jitedSize: 'u16',
  loadTime: 'q40',
  uid: 'u48',
  btfId: 'u128',
  runTime: 'q192',
  runCount: 'q200',
  recursionMisses: 'q208',
  verifiedInstructions: 'u216',
} as const

/** @param title of the program, for messages */
export function programInfo(fd: number, title: string): ProgramInfo {
  const ask = (info = scratch(infoSize)): DataView => {
    const answer = objectInfo(fd, infoSize, info)
    if (typeof answer !== 'number') return answer
    throw new BpfError({ operation: 'ask about', object: title, errno: -answer })
  }
  const maps = ask().getUint32(mapCountOffset, true)
  const ids = scratch(4 * maps)
  const info = scratch(infoSize)
  info.data.setUint32(mapCountOffset, maps, true)
  setPointer(info.data, mapIdsOffset, ids.address)
  const told = ask(info)
  reachabilityFence(ids)
  return {
    ...readStruct(told, infoFields),
    tag: told.getBigUint64(8).toString(16).padStart(16, '0'),
    gplCompatible: (told.getUint32(84, true) & 1) === 1,
    mapIds: Array.from({ length: maps }, (_, index) => ids.data.getUint32(4 * index, true)),
  }
}
