import { bpf, command } from '../ffi/bpf.ts'
import { scratch } from '../ffi/memory.ts'
import type { Program } from '../programs/program.ts'
import type { Link } from './link.ts'
import { descriptorLink } from './native.ts'

/** union bpf_attr.link_create (linux/bpf.h). */
export interface LinkTarget {
  /** A descriptor or an interface index, by the attach type. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** What follows the flags: of tcx and netkit, the link or program to be placed beside, and a revision. */
  readonly tail?: (attr: DataView, offset: number) => void
}

const attrSize = 64
const tailOffset = 16

/** BPF_LINK_CREATE, where libbpf's functions cannot say all of it. @throws {BpfError} */
export function createLink(program: Program, operation: string, target: LinkTarget): Link {
  const attr = scratch(attrSize)
  attr.data.setUint32(0, program.fd, true)
  attr.data.setUint32(4, target.target, true)
  attr.data.setUint32(8, target.attachType, true)
  attr.data.setUint32(12, target.flags ?? 0, true)
  target.tail?.(attr.data, tailOffset)
  const fd = bpf(command.linkCreate, attr)
  if (fd < 0) throw program.failure(operation, -fd)
  return program.adopt(descriptorLink(fd))
}
