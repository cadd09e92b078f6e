import { bpf, command } from '../ffi/bpf.ts'
import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { scratch } from '../ffi/memory.ts'
import type { Program } from '../programs/program.ts'
import type { NativeLink } from './native.ts'
import { looseAttachment } from './native.ts'

/** union bpf_attr of BPF_PROG_ATTACH (linux/bpf.h). */
export interface LooseTarget {
  /** A descriptor of a cgroup or map. */
  readonly target: number
  readonly attachType: number
  readonly flags?: number
  /** The program that BPF_F_REPLACE is about. */
  readonly replace?: Program | undefined
}

/** linux/bpf.h: BPF_F_ALLOW_MULTI | BPF_F_REPLACE. */
const multiReplace = 2 | 4

/** BPF_PROG_ATTACH: what came before links, and still says what links cannot. @throws {BpfError} */
export function looseLink(program: Program, operation: string, to: LooseTarget): NativeLink {
  const { target, attachType, flags = 0, replace } = to
  const result = attach(command.programAttach, target, program.fd, attachType, flags, replace?.fd)
  if (result < 0) throw program.failure(operation, -result)
  // Of our own: the caller's may be closed, or be another's, when it is time to detach.
  const place = duplicate(target)
  let attached = duplicate(program.fd)
  if (place < 0 || attached < 0) throw program.failure(operation, errno())
  return looseAttachment(
    () => {
      attach(command.programDetach, place, attached, attachType)
      close(place)
      close(attached)
    },
    (other) => {
      const next = (flags & multiReplace) === 0 ? flags : flags | multiReplace
      const fd = other.fd
      const changed = attach(command.programAttach, place, fd, attachType, next, attached)
      if (changed < 0) return changed
      close(attached)
      attached = duplicate(fd)
      return 0
    },
  )
}

function attach(
  call: number,
  target: number,
  program: number,
  attachType: number,
  flags = 0,
  replaced = 0,
): number {
  const attr = scratch(24)
  attr.data.setUint32(0, target, true)
  attr.data.setUint32(4, program, true)
  attr.data.setUint32(8, attachType, true)
  attr.data.setUint32(12, flags, true)
  attr.data.setUint32(16, (flags & multiReplace) === multiReplace ? replaced : 0, true)
  return bpf(call, attr)
}
