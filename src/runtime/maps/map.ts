import type { CompositeLayout } from '../codec/layout.ts'
import { BpfError, stateError } from '../error.ts'
import { bpf, command } from '../ffi/bpf.ts'
import { scratch } from '../ffi/memory.ts'
import {
  bpf_map__autocreate,
  bpf_map__map_flags,
  bpf_map__max_entries,
  bpf_map__numa_node,
  bpf_map__pin,
  bpf_map__pin_path,
  bpf_map__set_autocreate,
  bpf_map__set_map_flags,
  bpf_map__set_max_entries,
  bpf_map__set_numa_node,
  bpf_map__set_pin_path,
  bpf_map__unpin,
} from '../ffi/object.ts'
import type { LinkOwner } from '../links/link.ts'
import type { ProgramsByPointer } from '../shadow.ts'
import type { ShownMemory } from '../shown-memory.ts'
import type { MapHandle, MapInfo } from './handle.ts'

/** Makes the map classes of one kind; generated modules name one a map, so that unused classes leave the bundle. */
export interface MapKind<M extends BpfMap = BpfMap> {
  /** The ELF section of a data section's map, by which libbpf finds it. */
  readonly section?: string
  /** The ELF section of the variables that are in a map of the program's own: an arena's. */
  readonly holds?: string
  /** Absent when libbpf 1.0 will do. */
  readonly needs?: LibbpfNeed
  /** `links` owns what the map attaches. */
  create(handle: MapHandle, links?: LinkOwner): M
  /** Refuses what would end the process. */
  readonly beforeLoad?: (handle: MapHandle) => void
  /** Of a data section: its variables. */
  readonly variables?: (handle: MapHandle, layout: CompositeLayout) => ShownMemory
  /** Of a struct_ops: what of it may be set before it loads. */
  readonly shadow?: (handle: MapHandle, programs: ProgramsByPointer) => ShownMemory
}

/** The 1.x of libbpf that brought something. */
export interface LibbpfNeed {
  readonly minor: number
  /** `SEC(".struct_ops.link")` */
  readonly what: string
}

/** What every map has. Settings are libbpf's, in camelCase, and may be changed between open and load. */
export class BpfMap {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    this.#handle = handle
  }

  get name(): string {
    return this.#handle.name
  }

  /** The map's descriptor, borrowed: it closes with the skeleton. @throws {BpfError} `ERR_BPF_STATE` before load */
  get fd(): number {
    return this.#handle.requireFd('use the descriptor of')
  }

  /** The kernel's own description of the loaded map. */
  get info(): MapInfo {
    return this.#handle.info()
  }

  /** The number the kernel knows it by. */
  get id(): number {
    return this.info.id
  }

  get maxEntries(): number {
    return this.#handle.liveFd < 0
      ? bpf_map__max_entries(this.#readable('read maxEntries of'))
      : this.info.maxEntries
  }

  set maxEntries(entries: number) {
    this.#set('maxEntries', entries, (map) =>
      bpf_map__set_max_entries(map, uint32('maxEntries', entries)),
    )
  }

  /** BPF_F_ flags of its creation. */
  get flags(): number {
    return this.#handle.liveFd < 0
      ? bpf_map__map_flags(this.#readable('read flags of'))
      : this.info.flags
  }

  set flags(flags: number) {
    this.#set('flags', flags, (map) => bpf_map__set_map_flags(map, uint32('flags', flags)))
  }

  get numaNode(): number {
    return bpf_map__numa_node(this.#readable('read numaNode of'))
  }

  set numaNode(node: number) {
    this.#set('numaNode', node, (map) => bpf_map__set_numa_node(map, uint32('numaNode', node)))
  }

  /** Off: load leaves the map out, and programs that use it fail unless they are left out too. */
  get autocreate(): boolean {
    return bpf_map__autocreate(this.#readable('read autocreate of'))
  }

  set autocreate(on: boolean) {
    this.#set('autocreate', on, (map) => bpf_map__set_autocreate(map, Boolean(on)))
  }

  /** Where load looks for a pinned map to use instead, and pins the one it makes. */
  get pinPath(): string | null {
    return bpf_map__pin_path(this.#readable('read pinPath of'))
  }

  set pinPath(path: string | null) {
    this.#set('pinPath', path, (map) => bpf_map__set_pin_path(map, path))
  }

  /**
   * Makes it outlive the process under a path of a BPF file system, its `pinPath` by default.
   * @throws {BpfError}
   */
  pin(path?: string): void {
    this.#handle.requireFd('pin')
    const result = bpf_map__pin(this.#libbpf('pin'), path ?? null)
    if (result < 0) throw this.#pinFailure('pin', -result)
  }

  /** @throws {BpfError} */
  unpin(path?: string): void {
    this.#handle.requireFd('unpin')
    const result = bpf_map__unpin(this.#libbpf('unpin'), path ?? null)
    if (result < 0) throw this.#pinFailure('unpin', -result)
  }

  /** No more writes by system call, for good; programs still write. @throws {BpfError} */
  freeze(): void {
    const attr = scratch(4)
    attr.data.setUint32(0, this.#handle.requireFd('freeze'), true)
    const result = bpf(command.mapFreeze, attr)
    if (result < 0) throw this.#handle.failure('freeze', -result)
  }

  #set(name: string, value: unknown, call: (map: number) => number): void {
    const operation = `set ${name} of`
    this.#handle.requireOpen(operation)
    const result = call(this.#libbpf(operation))
    if (result < 0) {
      throw new BpfError({
        operation: `${operation.slice(0, -3)} = ${String(value)} of`,
        object: this.#handle.title,
        errno: -result,
      })
    }
  }

  /** libbpf's own map is there from open to destroy. */
  #readable(operation: string): number {
    const { life, title } = this.#handle
    if (life.stage === 'destroyed' || life.stage === 'loading') throw life.refusal(operation, title)
    return this.#libbpf(operation)
  }

  #libbpf(operation: string): number {
    const { pointer, title } = this.#handle
    if (pointer === 0)
      throw stateError(operation, title, 'only maps of a skeleton have this setting')
    return pointer
  }

  #pinFailure(operation: string, errno: number): BpfError {
    return new BpfError({
      operation,
      object: this.#handle.title,
      errno,
      hint: 'Pins live in a BPF file system: mount -t bpf bpf /sys/fs/bpf',
    })
  }
}

function uint32(name: string, value: unknown): number {
  if (typeof value !== 'number')
    throw new TypeError(`${name} must be a number, not ${typeof value}`)
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw new RangeError(`${name} must be a whole number from 0 to ${0xffff_ffff}, not ${value}`)
  }
  return value
}

/** Maps of kinds that have no class of their own. */
export function bpfMap(): MapKind {
  return { create: (handle) => new BpfMap(handle) }
}
