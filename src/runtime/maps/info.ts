import { BpfError } from '../error.ts'
import { objectInfo } from '../ffi/bpf.ts'
import { readText } from '../files.ts'

/** `struct bpf_map_info`, as the kernel tells it. Sizes in bytes. */
export interface MapInfo {
  /** BPF_MAP_TYPE_ number. */
  readonly type: number
  readonly id: number
  readonly keySize: number
  /** Of one value; per CPU there are several. */
  readonly valueSize: number
  readonly maxEntries: number
  /** BPF_F_ bits. */
  readonly flags: number
  /** At most 15 characters. */
  readonly name: string
  /** Of the network interface that it is offloaded to; 0: none. */
  readonly ifindex: number
  /** Of the map's BTF object in the kernel, and types in it; 0: none. */
  readonly btfId: number
  readonly btfKeyTypeId: number
  readonly btfValueTypeId: number
  /** Of struct_ops: the type in vmlinux. */
  readonly btfVmlinuxValueTypeId: number
  readonly mapExtra: bigint
}

/** The same with what only /proc/self/fdinfo says. */
export interface MapDescription extends MapInfo {
  /** No system call writes to it any more. */
  readonly frozen: boolean
  /** Bytes of memory that the kernel counts for it. */
  readonly memlock: number
}

/** Bytes of struct bpf_map_info that every kernel here knows (linux/bpf.h); map_extra came with 5.16. */
const infoSize = 88
const nameOffset = 24
const nameLength = 16

export function readMapInfo(fd: number, operation: string, object: string): MapInfo {
  const info = objectInfo(fd, infoSize)
  if (typeof info === 'number') throw new BpfError({ operation, object, errno: -info })
  const name = new Uint8Array(info.buffer, nameOffset, nameLength)
  const field = (offset: number): number => info.getUint32(offset, true)
  return {
    type: field(0),
    id: field(4),
    keySize: field(8),
    valueSize: field(12),
    maxEntries: field(16),
    flags: field(20),
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
    ifindex: field(40),
    btfId: field(64),
    btfKeyTypeId: field(68),
    btfValueTypeId: field(72),
    btfVmlinuxValueTypeId: field(44),
    mapExtra: info.getBigUint64(80, true),
  }
}

export function describeMap(fd: number, operation: string, object: string): MapDescription {
  const text = readText(`/proc/self/fdinfo/${fd}`)
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    ...readMapInfo(fd, operation, object),
    frozen: field('frozen') === 1,
    memlock: field('memlock'),
  }
}
