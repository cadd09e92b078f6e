import { BPF_MAP_CREATE, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { capabilitiesAreKnown, missingCapabilities, privilegeHint } from '../host/capabilities.ts'
import type { Capability } from '../host/capabilities.ts'
import { EPERM } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'

/** Without one of them the kernel refuses some kinds as if it did not know them. */
const everyKind: readonly Capability[] = ['CAP_BPF', 'CAP_PERFMON', 'CAP_NET_ADMIN']
/** BPF_MAP_TYPE_ARRAY */
const array = 2

/**
 * A refusal means "the kernel lacks it" only where nothing else stands in the way.
 * @param what for the message: `map type ringbuf`
 * @throws {BpfError} EPERM, or the kernel's errno, when this process may not use BPF as it is
 */
export function requireCertainty(what: string): void {
  const missing = missingCapabilities(everyKind)
  const refusal = arrayRefusal()
  if (missing.length === 0 && refusal === 0 && capabilitiesAreKnown()) return
  const errno = refusal || EPERM
  throw new BpfError({
    operation: 'probe',
    object: what,
    errno,
    reason: 'a refusal would tell of this process, not of the kernel',
    hint: privilegeHint(errno, everyKind),
  })
}

/**
 * Why the kernel does not let this process create what every kernel has: an errno, 0 when it does. Capabilities in a
 * user namespace, or against a security module, are not enough.
 */
export function arrayRefusal(): number {
  // union bpf_attr: map_type, key_size, value_size, max_entries.
  const attr = scratch(16)
  for (const [index, value] of [array, 4, 4, 1].entries()) {
    attr.data.setUint32(index * 4, value, true)
  }
  const fd = bpf(BPF_MAP_CREATE, attr)
  if (fd < 0) return -fd
  close(fd)
  return 0
}
