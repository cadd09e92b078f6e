import { bpf } from '../../../src/runtime/ffi/bpf.ts'
import { close } from '../../../src/runtime/ffi/libc.ts'
import { scratch } from '../../../src/runtime/ffi/memory.ts'

/** linux/bpf.h: BPF_PROG_, BPF_MAP_ and BPF_LINK_GET_FD_BY_ID. */
const getById = { program: 13, map: 14, link: 30 } as const

export interface KernelObject {
  readonly kind: keyof typeof getById
  readonly id: number
}

/** Whether the kernel still has it, which nobody else holds. */
export function exists({ kind, id }: KernelObject): boolean {
  const attr = scratch(16)
  attr.data.setUint32(0, id, true)
  const fd = bpf(getById[kind], attr)
  if (fd >= 0) close(fd)
  return fd >= 0
}
