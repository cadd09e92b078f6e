import { objectInfo } from '../ffi/bpf.ts'
import { readStruct } from '../ffi/struct-fields.ts'
import { BpfError } from '../host/error.ts'
import { readText } from '../host/files.ts'

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
const infoFields = {
  type: 'u0',
  id: 'u4',
  keySize: 'u8',
  valueSize: 'u12',
  maxEntries: 'u16',
  flags: 'u20',
  name: 'n24',
  ifindex: 'u40',
  btfId: 'u64',
  btfKeyTypeId: 'u68',
  btfValueTypeId: 'u72',
  btfVmlinuxValueTypeId: 'u44',
  mapExtra: 'q80',
} as const

export function readMapInfo(fd: number, operation: string, object: string): MapInfo {
  const info = objectInfo(fd, infoSize)
  if (typeof info === 'number') throw new BpfError({ operation, object, errno: -info })
  return readStruct(info, infoFields)
}

const identity = ['type', 'id', 'keySize', 'valueSize', 'maxEntries'] as const

/** Whether a descriptor stands for this map: its number may have become another file's. */
export function fdRefersTo(fd: number, expected: MapInfo): boolean {
  const info = objectInfo(fd, infoSize)
  if (typeof info === 'number') return false
  const found = readStruct(info, infoFields)
  // The id alone may be a program's: they have numbers of their own.
  return identity.every((name) => found[name] === expected[name])
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
