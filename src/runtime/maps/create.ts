import type { Integer } from '../../codec/input.ts'
import { BPF_MAP_CREATE, bpf } from '../ffi/bpf.ts'
import { close } from '../ffi/libc.ts'
import { scratch } from '../ffi/memory.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EINVAL } from '../host/errno.ts'
import { BpfError } from '../host/error.ts'
import { btfBytes, btfInt, loadElementBtf } from './element-btf.ts'
import { capabilitiesForMap } from './needed-capabilities.ts'

/** How a map is made. Sizes in bytes. */
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
  /** A descriptor of a map like those that it will hold. */
  readonly innerMapFd?: number | undefined
  /** The kernel wants BTF of its elements. */
  readonly needsBtf?: boolean | undefined
}

/** BPF_MAP_CREATE's part of union bpf_attr (linux/bpf.h), up to map_extra. */
const attrSize = 72
const nameOffset = 28

/** linux/bpf.h: BPF_F_NUMA_NODE, without which the kernel does not look at the node. */
const withNumaNode = 1 << 2

/** @returns a descriptor of ours @throws {BpfError} with what the kernel says */
export function createMap(definition: MapDefinition): number {
  const { type, keySize, valueSize, maxEntries, flags = 0, numaNode, name = '' } = definition
  if (!/^[\w.]{0,15}$/.test(name)) {
    throw new RangeError(
      `a map's name has at most 15 letters, digits, _ and .; ${JSON.stringify(name)} has not`,
    )
  }
  const { data, ...attr } = scratch(attrSize)
  const fields = [type, keySize, valueSize, maxEntries]
  for (const [index, field] of fields.entries()) data.setUint32(4 * index, field, true)
  data.setUint32(16, numaNode === undefined ? flags : flags | withNumaNode, true)
  data.setUint32(20, definition.innerMapFd ?? 0, true)
  data.setUint32(24, numaNode ?? 0, true)
  new TextEncoder().encodeInto(name, new Uint8Array(data.buffer, nameOffset, 15))
  data.setUint32(44, definition.ifindex ?? 0, true)
  data.setBigUint64(64, BigInt(definition.mapExtra ?? 0), true)
  const btf = definition.needsBtf ? loadElementBtf(valueSize) : -1
  if (btf >= 0) {
    for (const [index, word] of [btf, btfInt, btfBytes].entries())
      data.setUint32(48 + 4 * index, word, true)
  }
  const fd = bpf(BPF_MAP_CREATE, { ...attr, data })
  // The map has it by now.
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
  const given = `type ${type}, keys of ${keySize} and values of ${valueSize} bytes, ${maxEntries} entries, flags ${flags}`
  return `This kernel takes no map of ${given}: see what its type asks for`
}
