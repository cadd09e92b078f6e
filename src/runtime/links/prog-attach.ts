import {
  BPF_F_ALLOW_MULTI,
  BPF_F_ALLOW_OVERRIDE,
  BPF_F_PREORDER,
  BPF_F_REPLACE,
} from '../../uapi/attach-flags.ts'
import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_PROG_ATTACH, BPF_PROG_DETACH, bpf } from '../ffi/bpf.ts'
import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { scratch } from '../ffi/memory.ts'
import type { Anchor, AttachableProgram, Operation } from './attachable.ts'
import type { NativeLink } from './native.ts'
import { attachmentWithoutLink } from './native.ts'

/** union bpf_attr of BPF_PROG_ATTACH (linux/bpf.h). */
export interface ProgAttachTarget {
  /** A descriptor of a cgroup or map. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** What to do, by errno. */
  readonly hints?: Readonly<Record<number, string>>
  /** The program that BPF_F_REPLACE replaces. */
  readonly replace?: AttachableProgram | undefined
  /** Where the program goes among others; its flags are in `flags`. */
  readonly anchor?: Anchor
}

/** Flags that a successor is attached with too, so that it stays in the same place. */
const modeFlags = BPF_F_ALLOW_OVERRIDE | BPF_F_ALLOW_MULTI | BPF_F_PREORDER

/** Attaches by BPF_PROG_ATTACH, which is older than links and has options that links lack. @throws {BpfError} */
export function progAttachLink(
  program: AttachableProgram,
  operation: Operation,
  to: ProgAttachTarget,
): NativeLink {
  const { target, attachType, flags = 0, replace, anchor } = to
  const fds = {
    target,
    program: registeredDescriptor(program),
    replaced: replace && registeredDescriptor(replace),
  }
  const result = callProgAttach(BPF_PROG_ATTACH, fds, attachType, flags, anchor)
  if (result < 0) throw program.failure(operation, -result, '', to.hints?.[-result])
  // The caller's descriptors may be closed, or stand for other files, when it is time to detach.
  const ownTarget = duplicate(target)
  let attached = duplicate(registeredDescriptor(program))
  if (ownTarget < 0 || attached < 0) throw program.failure(operation, errno())
  return attachmentWithoutLink(
    () => {
      callProgAttach(BPF_PROG_DETACH, { target: ownTarget, program: attached }, attachType)
      close(ownTarget)
      close(attached)
    },
    (other) => {
      const next = (flags & modeFlags) | ((flags & BPF_F_ALLOW_MULTI) === 0 ? 0 : BPF_F_REPLACE)
      const fds = { target: ownTarget, program: registeredDescriptor(other), replaced: attached }
      const changed = callProgAttach(BPF_PROG_ATTACH, fds, attachType, next)
      if (changed < 0) return changed
      close(attached)
      attached = duplicate(registeredDescriptor(other))
      return 0
    },
  )
}

interface Descriptors {
  readonly target: number
  readonly program: number
  readonly replaced?: number | undefined
}

function callProgAttach(
  call: number,
  { target, program, replaced = 0 }: Descriptors,
  attachType: number,
  flags = 0,
  anchor?: Anchor,
): number {
  const attr = scratch(32)
  attr.data.setUint32(0, target, true)
  attr.data.setUint32(4, program, true)
  attr.data.setUint32(8, attachType, true)
  attr.data.setUint32(12, flags, true)
  attr.data.setUint32(16, (flags & BPF_F_REPLACE) === 0 ? 0 : replaced, true)
  attr.data.setUint32(20, anchor?.fd ?? 0, true)
  attr.data.setBigUint64(24, anchor?.revision ?? 0n, true)
  return bpf(call, attr)
}
