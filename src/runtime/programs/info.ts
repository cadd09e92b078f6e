import { BpfError } from '../error.ts'
import { objectInfo } from '../ffi/bpf.ts'
import { scratch, setPointer, usedUntilHere } from '../ffi/memory.ts'

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
const offsets = { mapCount: 52, mapIds: 56, name: 64 } as const

/** @param title of the program, for messages */
export function programInfo(fd: number, title: string): ProgramInfo {
  const ask = (info = scratch(infoSize)): DataView => {
    const answer = objectInfo(fd, infoSize, info)
    if (typeof answer !== 'number') return answer
    throw new BpfError({ operation: 'ask about', object: title, errno: -answer })
  }
  const maps = ask().getUint32(offsets.mapCount, true)
  const ids = scratch(4 * maps)
  const info = scratch(infoSize)
  info.data.setUint32(offsets.mapCount, maps, true)
  setPointer(info.data, offsets.mapIds, ids.address)
  const d = ask(info)
  usedUntilHere(ids)
  const bytes = new Uint8Array(info.buffer)
  const name = bytes.subarray(offsets.name, offsets.name + 16)
  return {
    type: d.getUint32(0, true),
    id: d.getUint32(4, true),
    tag: Buffer.from(bytes.subarray(8, 16)).toString('hex'),
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    loadedSize: d.getUint32(20, true),
    jitedSize: d.getUint32(16, true),
    loadTime: d.getBigUint64(40, true),
    uid: d.getUint32(48, true),
    gplCompatible: (d.getUint32(84, true) & 1) === 1,
    mapIds: Array.from({ length: maps }, (_, index) => ids.data.getUint32(4 * index, true)),
    btfId: d.getUint32(128, true),
    runTime: d.getBigUint64(192, true),
    runCount: d.getBigUint64(200, true),
    recursionMisses: d.getBigUint64(208, true),
    verifiedInstructions: d.getUint32(216, true),
  }
}
