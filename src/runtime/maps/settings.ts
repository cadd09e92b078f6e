import type { Integer } from '../../codec/input.ts'
import { BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_STRUCT_OPS } from '../../uapi/map-type-number.ts'
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

/** Map types that libbpf treats apart, and which it cannot change into others or from others. */
const fixedTypes: ReadonlySet<number> = new Set([BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_ARENA])

/** libbpf's functions for a setting, and the check that makes a value their argument. */
interface Setting {
  readonly get: Call<number | bigint | boolean | string | null>
  readonly set: Call<number>
  readonly check: (name: string, value: never) => Argument
}

const settings = {
  type: { get: bpf_map__type, set: bpf_map__set_type, check: uint32 },
  keySize: { get: bpf_map__key_size, set: bpf_map__set_key_size, check: uint32 },
  valueSize: { get: bpf_map__value_size, set: bpf_map__set_value_size, check: uint32 },
  maxEntries: { get: bpf_map__max_entries, set: bpf_map__set_max_entries, check: uint32 },
  flags: { get: bpf_map__map_flags, set: bpf_map__set_map_flags, check: uint32 },
  mapExtra: { get: bpf_map__map_extra, set: bpf_map__set_map_extra, check: uint64 },
  numaNode: { get: bpf_map__numa_node, set: bpf_map__set_numa_node, check: uint32 },
  ifindex: { get: bpf_map__ifindex, set: bpf_map__set_ifindex, check: uint32 },
  autocreate: { get: bpf_map__autocreate, set: bpf_map__set_autocreate, check: boolean },
  pinPath: { get: bpf_map__pin_path, set: bpf_map__set_pin_path, check: pathOrNull },
} as const satisfies Readonly<Record<string, Setting>>

type Name = keyof typeof settings

/**
 * The settings by which a map is created: libbpf's, in camelCase. They may be changed between open and load; after load they
 * read as the kernel tells them.
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
      // libbpf would look for data that only maps of such a type have (libbpf.c: bpf_map__is_struct_ops).
      const isFixed = bpf_map__is_internal(map) || fixedTypes.has(before) || fixedTypes.has(type)
      if (isFixed && type !== before) {
        throw new RangeError(
          `${this.#handle.title}: its type, ${before}, cannot be changed to ${type}`,
        )
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
      // An older libbpf reports success and keeps the section's image, and load reads past it.
      if (bpf_map__is_internal(map) && !libbpfIsAtLeast(1, 3)) {
        throw unsupported(
          'set valueSize of',
          this.#handle.title,
          'the installed libbpf cannot resize a data section',
          'Install libbpf 1.3 or newer.',
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
      // libbpf would map, and unmap, memory past the section (libbpf.c: bpf_map_mmap_sz).
      if (bpf_map__is_internal(map) && entries !== 1) {
        throw new RangeError(
          `${this.#handle.title} is a data section: its maxEntries must be 1, not ${entries}`,
        )
      }
    })
  }

  /** BPF_F_ flags with which it is created. */
  get flags(): number {
    return this.#get('flags')
  }

  set flags(flags: number) {
    this.#set('flags', flags)
  }

  /** The meaning depends on the map type: the hash functions of a bloom filter, the address of an arena. */
  get mapExtra(): bigint {
    return BigInt(this.#get('mapExtra'))
  }

  set mapExtra(extra: Integer) {
    this.#set('mapExtra', extra)
  }

  /** The NUMA node of its memory, with the flag BPF_F_NUMA_NODE. */
  get numaNode(): number {
    return this.#get('numaNode')
  }

  set numaNode(node: number) {
    this.#set('numaNode', node)
  }

  /** The index of the network interface that it is offloaded to. */
  get ifindex(): number {
    return this.#get('ifindex')
  }

  set ifindex(index: number) {
    this.#set('ifindex', index)
  }

  /** Whether load creates the map. Without it, programs that use the map fail to load unless their autoload is off. */
  get autocreate(): boolean {
    return this.#get('autocreate')
  }

  set autocreate(on: boolean) {
    this.#set('autocreate', on)
  }

  /** The path at which load uses a pinned map, or pins the map that it creates. */
  get pinPath(): string | null {
    return this.#get('pinPath')
  }

  set pinPath(path: string | null) {
    this.#set('pinPath', path)
  }

  /** Reads a setting: from the kernel's info of a loaded map where it has it, else from libbpf. */
  #get<N extends Name>(name: N): ReturnType<(typeof settings)[N]['get']> {
    type Value = ReturnType<(typeof settings)[N]['get']>
    const handle = this.#handle
    const actual: Partial<Record<Name, unknown>> = handle.liveFd < 0 ? {} : handle.info()
    const { get } = settings[name]
    return (actual[name] ?? get(handle.requirePointer(`read ${name} of`))) as Value
  }

  /** @param refuse throws where libbpf would not, and may return another setter to use */
  #set(
    name: Name,
    value: number | bigint | boolean | string | null,
    refuse?: (map: number) => ((value: number) => number) | void,
  ): void {
    const map = this.#handle.requireOpen(`set ${name} of`)
    const { set, check }: Setting = settings[name]
    const argument = check(name, value as never)
    const customSetter = refuse?.(map)
    const { result, log } = captureLog(
      () => customSetter?.(argument as number) ?? set(map, argument),
    )
    if (result >= 0) return
    throw this.#handle.failure(`set ${name} = ${String(value)} of`, -result, { reason: log, log })
  }
}

function pathOrNull(name: string, path: string | null): string | null {
  if (path === null || typeof path === 'string') return path
  throw new TypeError(`${name} must be a string or null, not ${typeof path}`)
}
