import type { Integer } from '../../codec/input.ts'
import { BPF_F_NUMA_NODE } from '../../uapi/map-flags.ts'
import { BPF_MAP_CREATE, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { bytesTypeId, intTypeId, loadElementBtf } from './element-btf.ts'
import { capabilitiesForMap } from './needed-capabilities.ts'

/** The definition by which a map is created. Sizes in bytes. */
export interface MapDefinition {
  /** BPF_MAP_TYPE_ number. */
  readonly type: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  /** BPF_F_ bits. */
  readonly flags?: number | undefined
  readonly mapExtra?: Integer | undefined
  readonly numaNode?: number | undefined
  readonly ifindex?: number | undefined
  /** At most 15 letters, digits, `_` and `.`. */
  readonly name?: string | undefined
  /** For maps of maps: a descriptor of an example of the inner maps. */
  readonly innerMapFd?: number | undefined
  /** Whether the kernel demands BTF of its elements. */
  readonly needsBtf?: boolean | undefined
}

/** Size and an offset in bytes of BPF_MAP_CREATE's part of union bpf_attr (linux/bpf.h), up to map_extra. */
const attrSize = 72
const nameOffset = 28

/** Creates a map. @returns a descriptor, which the caller closes @throws {BpfError} @throws {RangeError} for a wrong name */
export function createMap(definition: MapDefinition): number {
  const { type, keySize, valueSize, maxEntries, flags = 0, numaNode, name = '' } = definition
  if (!/^[\w.]{0,15}$/.test(name)) {
    throw new RangeError(
      `a map's name must have at most 15 letters, digits, _ and ., unlike ${JSON.stringify(name)}`,
    )
  }
  const { data, ...attr } = scratch(attrSize)
  const fields = [type, keySize, valueSize, maxEntries]
  for (const [index, field] of fields.entries()) data.setUint32(4 * index, field, true)
  data.setUint32(16, numaNode === undefined ? flags : flags | BPF_F_NUMA_NODE, true)
  data.setUint32(20, definition.innerMapFd ?? 0, true)
  data.setUint32(24, numaNode ?? 0, true)
  new TextEncoder().encodeInto(name, new Uint8Array(data.buffer, nameOffset, 15))
  data.setUint32(44, definition.ifindex ?? 0, true)
  data.setBigUint64(64, BigInt(definition.mapExtra ?? 0), true)
  const btf = definition.needsBtf ? loadElementBtf(valueSize) : -1
  if (btf >= 0) {
    for (const [index, word] of [btf, intTypeId, bytesTypeId].entries())
      data.setUint32(48 + 4 * index, word, true)
  }
  const fd = bpf(BPF_MAP_CREATE, { ...attr, data })
  // The map holds the BTF from here on.
  if (btf >= 0) close(btf)
  if (fd >= 0) return fd
  throw new BpfError({
    operation: 'create',
    object: name ? `map ${name}` : 'a map',
    errno: -fd,
    hint:
      -fd === EINVAL ? invalidMapHint(definition) : privilegeHint(-fd, capabilitiesForMap(type)),
  })
}

function invalidMapHint({
  type,
  keySize,
  valueSize,
  maxEntries,
  flags = 0,
}: MapDefinition): string {
  const definition = `type ${type}, keys of ${keySize} and values of ${valueSize} bytes, ${maxEntries} entries, flags ${flags}`
  return `The kernel refused this definition: ${definition}. Check what it asks of maps of this type`
}
