import { registeredDescriptor } from '../descriptors/descriptor.ts'
import { BPF_LINK_UPDATE, BPF_OBJ_PIN, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { cString, scratch, setPointer, reachabilityFence } from '../ffi/memory.ts'
import {
  bpf_link__destroy,
  bpf_link__fd,
  bpf_link__pin,
  bpf_link__unpin,
  bpf_link__update_program,
} from '../ffi/object.ts'
import { programPointers } from '../ffi/pointers.ts'
import { EBADF, EBUSY, EINVAL, EOPNOTSUPP } from '../host/errno.ts'
import { removePin } from '../host/files.ts'
import type { AttachableMap, AttachableProgram } from './attachable.ts'
import type { LinkInfo } from './info.ts'

/** An attachment, however it was made. Its methods return 0 or minus the errno. */
export interface NativeLink {
  /** Returns the descriptor; -1 when it is not a kernel link. */
  fd(): number
  update(successor: Successor): number
  pin(path: string): number
  unpin(): number
  destroy(): void
  /** Describes an attachment that is not a kernel link. */
  info?(): LinkInfo
}

/** What may replace an attached program or map. */
export type Successor = AttachableProgram | AttachableMap

function requireProgram(successor: Successor): AttachableProgram {
  if ('autoload' in successor) return successor
  throw new TypeError("update() of a program's link takes another program")
}

function updateProgram(link: number, successor: Successor): number {
  const program = programPointers.get(requireProgram(successor), 'update a link to')
  return bpf_link__update_program(link, program)
}

/** A link by libbpf's `struct bpf_link *`. A USDT link stands for several, and its descriptor is 0 (usdt.c). */
export function libbpfLink(
  pointer: number,
  update: (link: number, successor: Successor) => number = updateProgram,
): NativeLink {
  const fd = bpf_link__fd(pointer) || -1
  let isLive = true
  const ifSingle = (call: () => number): number => {
    if (!isLive) return -EBADF
    return fd < 0 ? -EOPNOTSUPP : call()
  }
  return {
    fd: () => (isLive ? fd : -1),
    update: (successor) => ifSingle(() => update(pointer, successor)),
    pin: (path) => ifSingle(() => bpf_link__pin(pointer, path)),
    unpin: () => ifSingle(() => bpf_link__unpin(pointer)),
    destroy() {
      // A second call must do nothing: libbpf would free the link twice.
      if (isLive) bpf_link__destroy(pointer)
      isLive = false
    },
  }
}

/** A link by a descriptor, of which libbpf can make no `bpf_link`. @param pinned the path to which it is pinned already */
export function descriptorLink(fd: number, pinned?: string): NativeLink {
  let pinPath = pinned
  let isLive = true
  return {
    fd: () => (isLive ? fd : -1),
    update(successor) {
      if (!isLive) return -EBADF
      // union bpf_attr.link_update: link_fd, new_prog_fd.
      const attr = scratch(16)
      attr.data.setUint32(0, fd, true)
      attr.data.setUint32(4, registeredDescriptor(requireProgram(successor)), true)
      return bpf(BPF_LINK_UPDATE, attr)
    },
    pin(path) {
      if (!isLive) return -EBADF
      if (pinPath !== undefined) return -EBUSY
      // union bpf_attr of BPF_OBJ_PIN: pathname, bpf_fd.
      const attr = scratch(16)
      const name = cString(path)
      setPointer(attr.data, 0, name.address)
      attr.data.setUint32(8, fd, true)
      const result = bpf(BPF_OBJ_PIN, attr)
      reachabilityFence(name)
      if (result === 0) pinPath = path
      return result
    },
    unpin() {
      if (pinPath === undefined) return -EINVAL
      removePin(pinPath)
      pinPath = undefined
      return 0
    },
    destroy() {
      // A second call must do nothing: the number may be in use for another file by then.
      if (isLive) close(fd)
      isLive = false
    },
  }
}

/** An attachment that is not a kernel link: it stays until it is detached, even after the process ends. */
export function attachmentWithoutLink(
  detach: () => void,
  update: (program: AttachableProgram) => number = () => -EOPNOTSUPP,
): NativeLink {
  return {
    fd: () => -1,
    update: (successor) => update(requireProgram(successor)),
    pin: () => -EOPNOTSUPP,
    unpin: () => -EOPNOTSUPP,
    destroy: detach,
  }
}

/** Several links as one, such as a perf event for each CPU. Its descriptor is the first link's. */
export function combinedLink(links: readonly NativeLink[]): NativeLink {
  const each = (call: (link: NativeLink) => number): number => {
    for (const link of links) {
      const result = call(link)
      if (result < 0) return result
    }
    return 0
  }
  return {
    fd: () => links[0]?.fd() ?? -1,
    update: (successor) => each((link) => link.update(successor)),
    pin: (path) => (links.length === 1 ? each((link) => link.pin(path)) : -EINVAL),
    unpin: () => each((link) => link.unpin()),
    destroy: () => {
      for (const link of links) link.destroy()
    },
  }
}
