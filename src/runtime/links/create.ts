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
  /** A descriptor or an interface index, by the attach type. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** The kernel's answer to a kind it does not know is EINVAL: what it takes, `Tcx came with Linux 6.6`. */
  readonly requirement?: string | undefined
  /** By errno, what to do. */
  readonly hints?: Readonly<Record<number, string>>
  /** What follows the flags, by the attach type: at `tailOffset`. */
  readonly writeTypeFields?: (attr: Struct) => void
}

/** Bytes: as far as any kind goes. Kernels take more than they know when it is zero. */
const attrSize = 64
export const typeFieldsOffset = 16

/** BPF_LINK_CREATE, where libbpf's functions cannot say all of it. @throws {BpfError} */
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

/** Runs one of libbpf's attach functions, whose first parameter is the program. @throws {BpfError} */
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
