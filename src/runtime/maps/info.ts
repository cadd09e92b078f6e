import { objectInfo } from '../ffi/bpf.ts'
import { readStruct } from '../ffi/struct-fields.ts'
import { BpfError } from '../host/error.ts'
import { readText } from '../host/files.ts'

/** The kernel's `struct bpf_map_info`. Sizes in bytes. */
export interface MapInfo {
  /** BPF_MAP_TYPE_ number. */
  readonly type: number
  readonly id: number
  readonly keySize: number
  /** Bytes of one value; an element of a per-CPU map has several. */
  readonly valueSize: number
  readonly maxEntries: number
  /** BPF_F_ bits. */
  readonly flags: number
  /** At most 15 characters. */
  readonly name: string
  /** Index of the network interface that the map is offloaded to; 0: none. */
  readonly ifindex: number
  /** Id of the map's BTF object in the kernel, and of types in it; 0: none. */
  readonly btfId: number
  readonly btfKeyTypeId: number
  readonly btfValueTypeId: number
  /** For struct_ops: the id of the struct's type in the kernel's BTF. */
  readonly btfVmlinuxValueTypeId: number
  readonly mapExtra: bigint
}

/** Map info with what only /proc/self/fdinfo tells. */
export interface MapDescription extends MapInfo {
  /** Whether system calls can no longer write to it. */
  readonly frozen: boolean
  /** Bytes of memory that the kernel accounts to it. */
  readonly memlock: number
}

/** Bytes of struct bpf_map_info up to map_extra, which came with Linux 5.16 (linux/bpf.h). */
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

const identifyingFields = ['type', 'id', 'keySize', 'valueSize', 'maxEntries'] as const

/** Whether a descriptor refers to this map: its number may be another file's by now. */
export function fdRefersTo(fd: number, expected: MapInfo): boolean {
  const info = objectInfo(fd, infoSize)
  if (typeof info === 'number') return false
  const found = readStruct(info, infoFields)
  // The id alone could be a program's: programs have ids of their own.
  return identifyingFields.every((name) => found[name] === expected[name])
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
