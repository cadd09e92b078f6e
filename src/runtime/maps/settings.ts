import type { Integer } from '../codec/input.ts'
import { BpfError, unsupported } from '../error.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
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
  bpf_map__type,
  bpf_map__value_size,
} from '../ffi/object.ts'
import { heard } from '../log.ts'
import { uint32, uint64 } from '../programs/attach-options.ts'
import type { MapHandle } from './handle.ts'

/** linux/bpf.h: BPF_MAP_TYPE_STRUCT_OPS, BPF_MAP_TYPE_ARENA */
const special: ReadonlySet<number> = new Set([26, 33])

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
    return this.#made?.type ?? bpf_map__type(this.#pointer('type'))
  }

  set type(type: number) {
    this.#set('type', type, (map) => {
      const [before, after] = [bpf_map__type(map), uint32('type', type)]
      // libbpf goes by the type to what it has of such maps alone, and would find none (libbpf.c: bpf_map__is_struct_ops).
      const isFixed = bpf_map__is_internal(map) || special.has(before) || special.has(after)
      if (isFixed && after !== before) {
        throw new RangeError(
          `${this.#handle.title} is of type ${before} and cannot become ${after}`,
        )
      }
      return bpf_map__set_type(map, after)
    })
  }

  /** Bytes. */
  get keySize(): number {
    return this.#made?.keySize ?? bpf_map__key_size(this.#pointer('keySize'))
  }

  set keySize(bytes: number) {
    this.#set('keySize', bytes, (map) => bpf_map__set_key_size(map, uint32('keySize', bytes)))
  }

  /** Bytes of one value. */
  get valueSize(): number {
    return this.#made?.valueSize ?? bpf_map__value_size(this.#pointer('valueSize'))
  }

  set valueSize(bytes: number) {
    this.#set('valueSize', bytes, (map) => {
      const size = uint32('valueSize', bytes)
      // Older ones agree and keep the section's image as it was, and load reads past it.
      if (bpf_map__is_internal(map) && !libbpfIsAtLeast(1, 3)) {
        throw unsupported(
          'set valueSize of',
          this.#handle.title,
          'the installed libbpf cannot resize a data section',
          'That came with libbpf 1.3.',
        )
      }
      return this.#handle.resize(size)
    })
  }

  get maxEntries(): number {
    return this.#made?.maxEntries ?? bpf_map__max_entries(this.#pointer('maxEntries'))
  }

  set maxEntries(entries: number) {
    this.#set('maxEntries', entries, (map) => {
      const count = uint32('maxEntries', entries)
      // By it libbpf would map, and unmap, what lies behind the section (libbpf.c: bpf_map_mmap_sz).
      if (bpf_map__is_internal(map) && count !== 1) {
        throw new RangeError(
          `${this.#handle.title} is a data section: its maxEntries is 1, not ${count}`,
        )
      }
      return bpf_map__set_max_entries(map, count)
    })
  }

  /** BPF_F_ flags of its creation. */
  get flags(): number {
    return this.#made?.flags ?? bpf_map__map_flags(this.#pointer('flags'))
  }

  set flags(flags: number) {
    this.#set('flags', flags, (map) => bpf_map__set_map_flags(map, uint32('flags', flags)))
  }

  /** What it means is the map type's own: the hash functions of a bloom filter, the address of an arena. */
  get mapExtra(): bigint {
    return this.#made?.mapExtra ?? BigInt(bpf_map__map_extra(this.#pointer('mapExtra')))
  }

  set mapExtra(extra: Integer) {
    this.#set('mapExtra', extra, (map) => bpf_map__set_map_extra(map, uint64('mapExtra', extra)))
  }

  /** Where its memory is, with the flag BPF_F_NUMA_NODE. */
  get numaNode(): number {
    return bpf_map__numa_node(this.#pointer('numaNode'))
  }

  set numaNode(node: number) {
    this.#set('numaNode', node, (map) => bpf_map__set_numa_node(map, uint32('numaNode', node)))
  }

  /** Index of the network interface that it is offloaded to. */
  get ifindex(): number {
    return this.#made?.ifindex ?? bpf_map__ifindex(this.#pointer('ifindex'))
  }

  set ifindex(index: number) {
    this.#set('ifindex', index, (map) => bpf_map__set_ifindex(map, uint32('ifindex', index)))
  }

  /** Off: load leaves the map out, and programs that use it fail unless they are left out too. */
  get autocreate(): boolean {
    return bpf_map__autocreate(this.#pointer('autocreate'))
  }

  set autocreate(on: boolean) {
    if (typeof on !== 'boolean') {
      throw new TypeError(`autocreate must be a boolean, not ${typeof on}`)
    }
    this.#set('autocreate', on, (map) => bpf_map__set_autocreate(map, on))
  }

  /** Where load looks for a pinned map to use instead, and pins the one it makes. */
  get pinPath(): string | null {
    return bpf_map__pin_path(this.#pointer('pinPath'))
  }

  set pinPath(path: string | null) {
    if (path !== null && typeof path !== 'string') {
      throw new TypeError(`pinPath must be a string or null, not ${typeof path}`)
    }
    this.#set('pinPath', path, (map) => bpf_map__set_pin_path(map, path))
  }

  /** What the kernel made of the settings. */
  get #made(): ReturnType<MapHandle['info']> | undefined {
    return this.#handle.liveFd < 0 ? undefined : this.#handle.info()
  }

  #pointer(name: string): number {
    return this.#handle.requirePointer(`read ${name} of`)
  }

  #set(name: string, value: unknown, call: (map: number) => number): void {
    const map = this.#handle.requireOpen(`set ${name} of`)
    const { result, log } = heard(() => call(map))
    if (result >= 0) return
    throw new BpfError({
      operation: `set ${name} = ${String(value)} of`,
      object: this.#handle.title,
      errno: -result,
      log: log || undefined,
      reason: log || undefined,
    })
  }
}
