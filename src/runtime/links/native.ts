import { unlinkSync } from 'node:fs'

import { bpf, command } from '../ffi/bpf.ts'
import { EINVAL } from '../ffi/errno.ts'
import { close } from '../ffi/libc.ts'
import { cString, scratch, setPointer } from '../ffi/memory.ts'
import {
  bpf_link__destroy,
  bpf_link__fd,
  bpf_link__pin,
  bpf_link__unpin,
  bpf_link__update_program,
} from '../ffi/object.ts'
import type { StructOpsMap } from '../maps/struct-ops.ts'
import type { Program } from '../programs/program.ts'

/** A kernel link, however it was made. What is called returns 0 or minus the errno. */
export interface NativeLink {
  fd(): number
  update(successor: Successor): number
  pin(path: string): number
  unpin(): number
  destroy(): void
}

/** What may take the place of what is attached. */
export type Successor = Program | StructOpsMap

function requireProgram(successor: Successor): Program {
  if ('testRun' in successor) return successor
  throw new TypeError('update() of the link of a program takes another program')
}

/** `struct bpf_link *` of libbpf. */
export function libbpfLink(pointer: number): NativeLink {
  return {
    fd: () => bpf_link__fd(pointer),
    update: (successor) =>
      bpf_link__update_program(pointer, requireProgram(successor).pointer('update a link to')),
    pin: (path) => bpf_link__pin(pointer, path),
    unpin: () => bpf_link__unpin(pointer),
    destroy: () => void bpf_link__destroy(pointer),
  }
}

/** A descriptor from BPF_LINK_CREATE, of which libbpf can make no `bpf_link`. */
export function descriptorLink(fd: number): NativeLink {
  let pinned: string | undefined
  return {
    fd: () => fd,
    update(successor) {
      // union bpf_attr.link_update: link_fd, new_prog_fd.
      const attr = scratch(16)
      attr.data.setUint32(0, fd, true)
      attr.data.setUint32(4, requireProgram(successor).fd, true)
      return bpf(command.linkUpdate, attr)
    },
    pin(path) {
      // union bpf_attr of BPF_OBJ_PIN: pathname, bpf_fd.
      const attr = scratch(16)
      setPointer(attr.data, 0, cString(path).address)
      attr.data.setUint32(8, fd, true)
      const result = bpf(command.objectPin, attr)
      if (result === 0) pinned = path
      return result
    },
    unpin() {
      if (pinned !== undefined) unlinkSync(pinned)
      pinned = undefined
      return 0
    },
    destroy: () => void close(fd),
  }
}

/** Several links that live and die as one: an event a CPU. Its descriptor is the first's. */
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
