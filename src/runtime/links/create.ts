import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_LINK_CREATE, bpf } from '../ffi/bpf.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import type { Call } from '../ffi/library.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch, Struct } from '../ffi/memory.ts'
import { struct, reachabilityFence } from '../ffi/memory.ts'
import { programPointers } from '../ffi/pointers.ts'
import { EINVAL } from '../host/errno.ts'
import type { AttachableProgram, Operation } from './attachable.ts'
import { descriptorLink, libbpfLink } from './native.ts'
import type { NativeLink } from './native.ts'

/** union bpf_attr.link_create (linux/bpf.h). */
export interface LinkTarget {
  /** A descriptor or an interface index, depending on the attach type. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** The hint for EINVAL, which the kernel answers to a link type that it does not know: `tcx needs Linux 6.6`. */
  readonly requirement?: string | undefined
  /** What to do, by errno. */
  readonly hints?: Readonly<Record<number, string>>
  /** Writes the fields of the attach type, from `typeFieldsOffset` on. */
  readonly writeTypeFields?: (attr: Struct) => void
}

/** Bytes that any attach type uses. Older kernels accept more bytes than they know when these are zero. */
const attrSize = 64
export const typeFieldsOffset = 16

/** Creates a link by BPF_LINK_CREATE, where libbpf's functions lack an option. @throws {BpfError} */
export function kernelLink(
  program: AttachableProgram,
  operation: Operation,
  target: LinkTarget,
): NativeLink {
  const attr = struct(attrSize)
  attr.data.setUint32(0, registeredDescriptor(program), true)
  attr.data.setUint32(4, target.target, true)
  attr.data.setUint32(8, target.attachType, true)
  attr.data.setUint32(12, target.flags ?? 0, true)
  target.writeTypeFields?.(attr)
  const fd = bpf(BPF_LINK_CREATE, attr)
  reachabilityFence(attr)
  if (fd === -EINVAL) throw program.failure(operation, EINVAL, '', target.requirement)
  if (fd < 0) throw program.failure(operation, -fd, '', target.hints?.[-fd])
  return descriptorLink(fd)
}

/** Creates a link by one of libbpf's attach functions, whose first parameter is the program. @throws {BpfError} */
export function linkByLibbpf(
  program: AttachableProgram,
  operation: Operation,
  attach: Call<number>,
  ...args: (number | string | null | Scratch)[]
): NativeLink {
  const words = typeof operation === 'string' ? operation : operation.words
  const pointer = programPointers.get(program, words)
  const values = args.map((arg) => (arg !== null && typeof arg === 'object' ? arg.address : arg))
  const { result, log } = captureLog(() => {
    const link = attach(pointer, ...values)
    return { link, errno: link === 0 ? errno() : 0 }
  })
  reachabilityFence(args)
  if (result.link === 0) throw program.failure(operation, result.errno, log)
  return libbpfLink(result.link)
}
