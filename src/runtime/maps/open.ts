import { BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET, bpf } from '../ffi/bpf.ts'
import { cString, scratch, struct, reachabilityFence } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EACCES, ENOENT } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

/** Opens a pinned map. @returns a descriptor, which the caller closes @throws {BpfError} ENOENT, EACCES, … */
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
    hint: privilegeHint(-fd) ?? pinHint(-fd, path),
  })
}

/** Opens a map by its id. @returns a descriptor, which the caller closes, or minus the errno: -ENOENT without such a map */
export function openId(id: number): number {
  const attr = scratch(16)
  attr.data.setUint32(0, id, true)
  return bpf(BPF_MAP_GET_FD_BY_ID, attr)
}

/** Returns what to do when nothing is pinned at the path. */
function pinHint(errno: number, path: string): string | undefined {
  if (errno !== ENOENT && errno !== EACCES) return undefined
  return `No map is pinned at ${path}: \`find /sys/fs/bpf\` lists the pins of this machine`
}
