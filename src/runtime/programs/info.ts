import { objectInfo } from '../ffi/bpf.ts'
import { scratch, setPointer, reachabilityFence } from '../ffi/memory.ts'
import { readStruct } from '../ffi/struct-fields.ts'
import { BpfError } from '../host/error.ts'

/** The kernel's `struct bpf_prog_info`. Sizes are in bytes, times in nanoseconds. */
export interface ProgramInfo {
  /** The BPF_PROG_TYPE_ number. */
  readonly type: number
  readonly id: number
  /** The hash of its instructions that `bpftool prog` shows: 16 hexadecimal digits. */
  readonly tag: string
  /** At most 15 characters. */
  readonly name: string
  /** The size of the instructions after the verifier rewrote them. */
  readonly loadedSize: number
  /** The size of the machine code. */
  readonly jitedSize: number
  /** When it was loaded, since boot. */
  readonly loadTime: bigint
  readonly uid: number
  readonly gplCompatible: boolean
  /** The ids of the maps that it uses. */
  readonly mapIds: readonly number[]
  /** 0 without BTF. */
  readonly btfId: number
  /** The time of all runs while `enableStats()` was on. */
  readonly runTime: bigint
  /** The number of runs while `enableStats()` was on. */
  readonly runCount: bigint
  /** Runs that were skipped because it was running already on that CPU. */
  readonly recursionMisses: bigint
  /** The number of instructions that the verifier walked; 0 before Linux 5.16. */
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
