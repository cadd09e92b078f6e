import { errno, libcFunction } from './library.ts'
import type { Call } from './library.ts'
import type { Scratch } from './memory.ts'
import { scratch, setPointer } from './memory.ts'

/** include/uapi/linux/bpf.h: enum bpf_cmd, as far as it is called without libbpf. */
export const command = {
  mapCreate: 0,
  mapLookup: 1,
  mapUpdate: 2,
  mapDelete: 3,
  mapNextKey: 4,
  programLoad: 5,
  objectPin: 6,
  objectGet: 7,
  programAttach: 8,
  programDetach: 9,
  programTestRun: 10,
  mapFromId: 14,
  objectInfo: 15,
  rawTracepointOpen: 17,
  btfLoad: 18,
  mapTake: 21,
  mapFreeze: 22,
  mapLookupBatch: 24,
  mapTakeBatch: 25,
  mapUpdateBatch: 26,
  mapDeleteBatch: 27,
  linkCreate: 28,
  linkUpdate: 29,
  enableStats: 32,
  iteratorCreate: 33,
  streamRead: 37,
} as const

/** arch/<arch>/…/syscall.tbl and asm-generic/unistd.h */
const syscallNumbers: Record<string, number> = { x64: 321, ppc64: 361 }
const genericSyscallNumber = 280

let systemCall: Call<number> | undefined

export function syscallNumber(): number {
  return syscallNumbers[process.arch] ?? genericSyscallNumber
}

/** `int syscall(long number, int cmd, union bpf_attr *, unsigned size)`: the fastest way, at 0.1 us over C. */
export function bpfSystemCall(): Call<number> {
  systemCall ??= libcFunction('int syscall(long, int, ptr, int)')
  return systemCall
}

/** bpf(2). Returns what the kernel does, or minus the errno. */
export function bpf(cmd: number, attr: Scratch): number {
  const result = bpfSystemCall()(syscallNumber(), cmd, attr.address, attr.size)
  return result < 0 ? -errno() : result
}

/**
 * A bpf_*_info of the object behind `fd`, as many bytes as kernel and `size` share. Negative errno when refused.
 * @param info what the kernel reads first: addresses and lengths of buffers that it is to fill
 */
export function objectInfo(
  fd: number,
  size: number,
  info: Scratch = scratch(size),
): DataView<ArrayBuffer> | number {
  const attr = scratch(16)
  attr.data.setUint32(0, fd, true)
  attr.data.setUint32(4, size, true)
  setPointer(attr.data, 8, info.address)
  const result = bpf(command.objectInfo, attr)
  return result < 0 ? result : info.data
}
