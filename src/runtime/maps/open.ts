import { BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET, bpf } from '../ffi/bpf.ts'
import { cString, scratch, struct, reachabilityFence } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EACCES, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

/** @returns a descriptor of ours @throws {BpfError} ENOENT, EACCES, … */
export function openPinned(path: string, operation: string): number {
  const attr = struct(16)
  attr.point(0, cString(path))
  const fd = bpf(BPF_OBJ_GET, attr)
  reachabilityFence(attr)
  if (fd >= 0) return fd
  throw new BpfError({
    operation,
    object: path,
    errno: -fd,
    hint: privilegeHint(-fd) ?? notPinned(-fd, path),
  })
}

/** @returns a descriptor of ours, or minus the errno: -ENOENT when there is no such map any more */
export function openId(id: number): number {
  const attr = scratch(16)
  attr.data.setUint32(0, id, true)
  return bpf(BPF_MAP_GET_FD_BY_ID, attr)
}

/** What to do when the path leads to no pin. */
function notPinned(errno: number, path: string): string | undefined {
  if (errno !== ENOENT && errno !== EACCES) return undefined
  return `No map is pinned at ${path}: pins are files of a BPF file system, which find /sys/fs/bpf lists`
}
