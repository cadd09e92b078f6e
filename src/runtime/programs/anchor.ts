import type { Integer } from '../../codec/input.ts'
import { BPF_F_AFTER, BPF_F_BEFORE } from '../../uapi/attach-flags.ts'
import { BPF_F_LINK } from '../../uapi/map-flags.ts'
import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { uint64 } from '../ffi/arguments.ts'
import type { Struct } from '../ffi/memory.ts'
import type { Anchor } from '../links/attachable.ts'
import { typeFieldsOffset } from '../links/create.ts'
import type { Link } from '../links/link.ts'
import type { Program } from './program.ts'

/** Where the program goes among several on one target. By default it goes last. */
export interface AnchorOptions {
  /** Runs just before this link or program; null: before all others. */
  before?: Link | Program | null | undefined
  /** Runs just after this link or program; null: after all others. */
  after?: Link | Program | null | undefined
  /** Fails with ESTALE when programs were attached or detached since this revision of the target. */
  expectedRevision?: Integer | undefined
}

export const anchorNames: readonly string[] = ['before', 'after', 'expectedRevision']

/** @param method for the message: `attachTcx()` */
export function anchorOf(method: string, options: AnchorOptions): Anchor {
  if (options.before !== undefined && options.after !== undefined) {
    throw new TypeError(`${method} takes before or after, not both`)
  }
  const beside = options.before ?? options.after
  const order =
    options.before !== undefined ? BPF_F_BEFORE : options.after !== undefined ? BPF_F_AFTER : 0
  return {
    // A program has a section, a link has none.
    flags: order | (beside && !('section' in beside) ? BPF_F_LINK : 0),
    fd: beside ? registeredDescriptor(beside) : 0,
    revision: uint64('expectedRevision', options.expectedRevision ?? 0),
  }
}

/** Writes relative_fd and expected_revision of union bpf_attr.link_create.tcx, .netkit or .cgroup. */
export function anchorTail({ fd, revision }: Anchor): (attr: Struct) => void {
  return ({ data }) => {
    data.setUint32(typeFieldsOffset, fd, true)
    data.setBigUint64(typeFieldsOffset + 8, revision, true)
  }
}
