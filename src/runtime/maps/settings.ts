import type { Integer } from '../../codec/input.ts'
import { boolean, uint32, uint64 } from '../ffi/arguments.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import type { Argument, Call } from '../ffi/library.ts'
import {
  bpf_map__autocreate,
  bpf_map__ifindex,
  bpf_map__is_internal,
  bpf_map__key_size,
  bpf_map__map_extra,
  bpf_map__map_flags,
  bpf_map__max_entries,
  bpf_map__numa_node,
  bpf_map__pin_path,
  bpf_map__set_autocreate,
  bpf_map__set_ifindex,
  bpf_map__set_key_size,
  bpf_map__set_map_extra,
  bpf_map__set_map_flags,
  bpf_map__set_max_entries,
  bpf_map__set_numa_node,
  bpf_map__set_pin_path,
  bpf_map__set_type,
  bpf_map__set_value_size,
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import { unsupported } from '../host/error.ts'
import type { MapHandle } from './handle.ts'

/** linux/bpf.h: BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_ARENA */
const special: ReadonlySet<number> = new Set([26, 33])

/** libbpf's functions of a setting, and what of a value given it gets. */
type Setting = readonly [
  get: Call<number | bigint | boolean | string | null>,
  set: Call<number>,
  checked: (name: string, value: never) => Argument,
]

const settings = {
  type: [bpf_map__type, bpf_map__set_type, uint32],
  keySize: [bpf_map__key_size, bpf_map__set_key_size, uint32],
  valueSize: [bpf_map__value_size, bpf_map__set_value_size, uint32],
  maxEntries: [bpf_map__max_entries, bpf_map__set_max_entries, uint32],
  flags: [bpf_map__map_flags, bpf_map__set_map_flags, uint32],
  mapExtra: [bpf_map__map_extra, bpf_map__set_map_extra, uint64],
  numaNode: [bpf_map__numa_node, bpf_map__set_numa_node, uint32],
  ifindex: [bpf_map__ifindex, bpf_map__set_ifindex, uint32],
  autocreate: [bpf_map__autocreate, bpf_map__set_autocreate, boolean],
  pinPath: [bpf_map__pin_path, bpf_map__set_pin_path, pathOrNull],
} as const satisfies Readonly<Record<string, Setting>>

type Name = keyof typeof settings

/**
 * How a map is made: libbpf's settings, in camelCase, which may be changed between open and load. Of a loaded map the
 * kernel says what they are.
 */
export class MapSettings {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    this.#handle = handle
  }

  /** BPF_MAP_TYPE_ number. Setting it does not change the class of this object. */
  get type(): number {
    return this.#get('type')
  }

  set type(type: number) {
    this.#set('type', type, (map) => {
      const before = bpf_map__type(map)
      // libbpf goes by the type to what it has of such maps alone, and would find none (libbpf.c: bpf_map__is_struct_ops).
      const isFixed = bpf_map__is_internal(map) || special.has(before) || special.has(type)
      if (isFixed && type !== before) {
        throw new RangeError(`${this.#handle.title} is of type ${before} and cannot become ${type}`)
      }
    })
  }

  /** Bytes. */
  get keySize(): number {
    return this.#get('keySize')
  }

  set keySize(bytes: number) {
    this.#set('keySize', bytes)
  }

  /** Bytes of one value. */
  get valueSize(): number {
    return this.#get('valueSize')
  }

  set valueSize(bytes: number) {
    this.#set('valueSize', bytes, (map) => {
      // Older ones agree and keep the section's image as it was, and load reads past it.
      if (bpf_map__is_internal(map) && !libbpfIsAtLeast(1, 3)) {
        throw unsupported(
          'set valueSize of',
          this.#handle.title,
          'the installed libbpf cannot resize a data section',
          'That came with libbpf 1.3.',
        )
      }
      return this.#handle.resize
    })
  }

  get maxEntries(): number {
    return this.#get('maxEntries')
  }

  set maxEntries(entries: number) {
    this.#set('maxEntries', entries, (map) => {
      // By it libbpf would map, and unmap, what lies behind the section (libbpf.c: bpf_map_mmap_sz).
      if (bpf_map__is_internal(map) && entries !== 1) {
        throw new RangeError(
          `${this.#handle.title} is a data section: its maxEntries is 1, not ${entries}`,
        )
      }
    })
  }

  /** BPF_F_ flags of its creation. */
  get flags(): number {
    return this.#get('flags')
  }

  set flags(flags: number) {
    this.#set('flags', flags)
  }

  /** What it means is the map type's own: the hash functions of a bloom filter, the address of an arena. */
  get mapExtra(): bigint {
    return BigInt(this.#get('mapExtra'))
  }

  set mapExtra(extra: Integer) {
    this.#set('mapExtra', extra)
  }

  /** Where its memory is, with the flag BPF_F_NUMA_NODE. */
  get numaNode(): number {
    return this.#get('numaNode')
  }

  set numaNode(node: number) {
    this.#set('numaNode', node)
  }

  /** Index of the network interface that it is offloaded to. */
  get ifindex(): number {
    return this.#get('ifindex')
  }

  set ifindex(index: number) {
    this.#set('ifindex', index)
  }

  /** Off: load leaves the map out, and programs that use it fail unless they are left out too. */
  get autocreate(): boolean {
    return this.#get('autocreate')
  }

  set autocreate(on: boolean) {
    this.#set('autocreate', on)
  }

  /** Where load looks for a pinned map to use instead, and pins the one it makes. */
  get pinPath(): string | null {
    return this.#get('pinPath')
  }

  set pinPath(path: string | null) {
    this.#set('pinPath', path)
  }

  /** Of a loaded map, what the kernel made of it where it tells. */
  #get<N extends Name>(name: N): ReturnType<(typeof settings)[N][0]> {
    type Value = ReturnType<(typeof settings)[N][0]>
    const handle = this.#handle
    const made: Partial<Record<Name, unknown>> = handle.liveFd < 0 ? {} : handle.info()
    const [get] = settings[name]
    return (made[name] ?? get(handle.requirePointer(`read ${name} of`))) as Value
  }

  /** @param refuse throws what libbpf would not; gives another function to set it with, if that is needed */
  #set(
    name: Name,
    value: number | bigint | boolean | string | null,
    refuse?: (map: number) => ((value: number) => number) | void,
  ): void {
    const map = this.#handle.requireOpen(`set ${name} of`)
    const [, set, checked]: Setting = settings[name]
    const argument = checked(name, value as never)
    const own = refuse?.(map)
    const { result, log } = captureLog(() => own?.(argument as number) ?? set(map, argument))
    if (result >= 0) return
    throw this.#handle.failure(`set ${name} = ${String(value)} of`, -result, { reason: log, log })
  }
}

function pathOrNull(name: string, path: string | null): string | null {
  if (path === null || typeof path === 'string') return path
  throw new TypeError(`${name} must be a string or null, not ${typeof path}`)
}
