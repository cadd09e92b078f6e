import { BTF_MAGIC, btf_header, BTF_VERSION } from '../../uapi/btf-header.ts'
import { BPF_BTF_LOAD, bpf } from '../ffi/bpf.ts'
import { scratchOf, struct, reachabilityFence } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { BpfError } from '../host/error.ts'

/** Type ids in the BTF below. */
export const intTypeId = 1
export const bytesTypeId = 3

const strings = '\0int\0byte\0'
/** linux/btf.h: BTF_KIND_INT and BTF_KIND_ARRAY in btf_type.info; BTF_INT_SIGNED in the word that follows an int. */
const intKind = 1 << 24
const arrayKind = 3 << 24
const signed = 1 << 24

/**
 * Loads BTF of an `int` for a key and `byte[valueSize]` for a value, for the types of maps that must have BTF.
 * @returns a descriptor, which the caller closes @throws {BpfError}
 */
export function loadElementBtf(valueSize: number): number {
  const types = [
    [1, intKind, 4, signed | 32],
    [5, intKind, 1, 8],
    [0, arrayKind, 0, 2, intTypeId, valueSize],
  ].flat()
  const bytes = new Uint8Array(btf_header.size + 4 * types.length + strings.length)
  const data = new DataView(bytes.buffer)
  data.setUint16(btf_header.magic, BTF_MAGIC, true)
  data.setUint8(btf_header.version, BTF_VERSION)
  const header = [btf_header.size, 0, 4 * types.length, 4 * types.length, strings.length]
  for (const [index, word] of header.entries())
    data.setUint32(btf_header.hdr_len + 4 * index, word, true)
  for (const [index, word] of types.entries())
    data.setUint32(btf_header.size + 4 * index, word, true)
  bytes.set(new TextEncoder().encode(strings), btf_header.size + 4 * types.length)
  const attr = struct(32)
  attr.point(0, scratchOf(bytes))
  attr.data.setUint32(16, bytes.length, true)
  const fd = bpf(BPF_BTF_LOAD, attr)
  reachabilityFence(attr)
  if (fd >= 0) return fd
  const hint = privilegeHint(-fd)
  throw new BpfError({ operation: 'load', object: 'BTF for a map', errno: -fd, hint })
}
