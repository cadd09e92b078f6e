import { mapTypes } from '../../uapi/map-type.ts'
import { BPF_MAP_CREATE, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { capabilitiesAreKnown, missingCapabilities, privilegeHint } from '../host/capabilities.ts'
import type { Capability } from '../host/capabilities.ts'
import { EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

/** Without one of these the kernel refuses some types as if it did not know them. */
const bpfCapabilities: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN']

/**
 * Makes sure that a refusal means "the kernel lacks it", and not that this process lacks a privilege.
 * @param subject what is probed, for the message: `map type ringbuf`
 * @throws {BpfError} EPERM, or the kernel's errno, when this process may not use BPF
 */
export function requireCertainty(subject: string): void {
  const missing = missingCapabilities(bpfCapabilities)
  const refusal = arrayMapErrno()
  if (missing.length === 0 && refusal === 0 && capabilitiesAreKnown()) return
  const errno = refusal || EPERM
  throw new BpfError({
    operation: 'probe',
    object: subject,
    errno,
    reason: 'this process may not use BPF, so a refusal does not show what the kernel lacks',
    hint: privilegeHint(errno, bpfCapabilities),
  })
}

/**
 * Creates an array map, which every kernel has. Returns 0, or the errno when the kernel refuses: capabilities alone are
 * not enough in a user namespace, or where a security module forbids BPF.
 */
export function arrayMapErrno(): number {
  // union bpf_attr: map_type, key_size, value_size, max_entries.
  const attr = scratch(16)
  for (const [index, value] of [mapTypes.indexOf('array'), 4, 4, 1].entries()) {
    attr.data.setUint32(index * 4, value, true)
  }
  const fd = bpf(BPF_MAP_CREATE, attr)
  if (fd < 0) return -fd
  close(fd)
  return 0
}
