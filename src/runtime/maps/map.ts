import type { CompositeLayout } from '../../codec/layout.ts'
import { registerDescriptor } from '../descriptors/descriptor.ts'
import { BPF_MAP_FREEZE, bpf } from '../ffi/bpf.ts'
import { captureLog } from '../ffi/libbpf-log.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { errno } from '../ffi/library.ts'
import { scratch } from '../ffi/memory.ts'
import { bpf_map__pin, bpf_map__unpin } from '../ffi/object.ts'
import { pinAdvice } from '../host/bpffs.ts'
import type { BpfError } from '../host/error.ts'
import { removePin } from '../host/files.ts'
import type { Link, LinkOwner } from '../links/link.ts'
import type { MapHandle } from './handle.ts'
import { registerHandle } from './handle.ts'
import type { MapDescription } from './info.ts'
import { describeMap } from './info.ts'
import type { LiveSection } from './live-section.ts'
import type { MapTypeRequirements } from './requirements.ts'
import { reuseMap } from './reuse.ts'
import { MapSettings } from './settings.ts'
import type { ProgramsByPointer } from './struct-ops-shadow.ts'

const bpf_obj_pin = fromLibbpf('int bpf_obj_pin(int, str)')

/** How one kind of map is made. Generated modules name one for each map, so that bundles leave out unused classes. */
export interface MapKind<M extends BpfMap = BpfMap> {
  /** For a data section's map: the ELF section, by which libbpf finds the map. */
  readonly section?: string
  /** For an arena: the ELF section of the variables in it. */
  readonly variablesSection?: string
  readonly requires?: MapTypeRequirements
  /** Throws where the installed libbpf would misread the map, or fail without a reason. */
  readonly beforeOpen?: (skeleton: string, map: string) => void
  /** Makes the map's object. @param links the owner of links that the map makes */
  create(handle: MapHandle, links?: LinkOwner): M
  /** Throws where libbpf would crash the process, or programs would read wrong data. */
  readonly beforeLoad?: (handle: MapHandle, object: ObjectToLoad) => void
  /** For a data section: makes its variables. */
  readonly variables?: (handle: MapHandle, layout: CompositeLayout) => LiveSection
  /** For maps that attach() of the skeleton attaches; returns undefined when the map is to be left alone. */
  attach?(map: M): Link | undefined
  /** For a struct_ops: makes the fields that may be set before it loads. */
  readonly structOpsShadow?: (handle: MapHandle, programs: ProgramsByPointer) => LiveSection
}

/** The object that a map is loaded with. */
export interface ObjectToLoad {
  /** `trace_bpf` */
  readonly name: string
  /** The ELF object in base64. */
  readonly elf: string
  /** Returns the programs whose autoload is on. */
  programs(): readonly { readonly name: string; readonly section: string }[]
}

/** The members that every map has. */
export class BpfMap extends MapSettings {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    super(handle)
    this.#handle = handle
    registerHandle(this, handle)
    registerDescriptor(this, () => handle.requireFd('use the descriptor of'))
  }

  get name(): string {
    return this.#handle.name
  }

  /**
   * A duplicate of the map's descriptor. It closes with the skeleton; if you close it earlier, the next read makes a new one.
   * @throws {BpfError} `ERR_BPF_STATE` before load
   */
  get fd(): number {
    return this.#handle.duplicateFd('use the descriptor of')
  }

  /** The kernel's description of the loaded map, as it is now. */
  get info(): MapDescription {
    return describeMap(this.#handle.requireFd('ask about'), 'ask about', this.#handle.title)
  }

  /** The map's id in the kernel. */
  get id(): number {
    return this.#handle.info().id
  }

  /**
   * Between open and load: makes load() use an existing map instead of creating one. Its other users keep it.
   * @param map the map, its descriptor, or the path at which it is pinned
   * @throws {BpfError} EINVAL when its type, sizes, entries or flags differ from those declared
   */
  reuse(map: BpfMap | number | string): this {
    reuseMap(this, this.#handle, map)
    return this
  }

  /**
   * Pins the map at a path of a BPF file system, its `pinPath` by default: it outlives the process.
   * @throws {BpfError}
   */
  pin(path?: string): void {
    const fd = this.#handle.requireFd('pin')
    const target = optionalPath(path)
    const { result, log } = captureLog(() => {
      if (this.#handle.pointer !== 0) return bpf_map__pin(this.#handle.pointer, target)
      return bpf_obj_pin(fd, requirePath('pin', target)) < 0 ? -errno() : 0
    })
    if (result < 0) throw this.#pinFailure('pin', -result, log)
  }

  /** Removes the pin at `path`, or where `pin()` made it; the map stays loaded. @throws {BpfError} */
  unpin(path?: string): void {
    this.#handle.requireFd('unpin')
    const target = optionalPath(path)
    if (this.#handle.pointer === 0) {
      removePin(requirePath('unpin', target))
      return
    }
    const { result, log } = captureLog(() => bpf_map__unpin(this.#handle.pointer, target))
    if (result < 0) throw this.#pinFailure('unpin', -result, log)
  }

  /** Refuses all later writes by system call; programs can still write. @throws {BpfError} */
  freeze(): void {
    const attr = scratch(4)
    attr.data.setUint32(0, this.#handle.requireFd('freeze'), true)
    const result = bpf(BPF_MAP_FREEZE, attr)
    if (result < 0) throw this.#handle.failure('freeze', -result)
  }

  #pinFailure(operation: string, errno: number, log: string | undefined): BpfError {
    return this.#handle.failure(operation, errno, { reason: log, log, hint: pinAdvice(errno) })
  }
}

function optionalPath(path: unknown): string | null {
  if (path === undefined || path === null) return null
  if (typeof path === 'string') return path
  throw new TypeError(`path must be a string, not ${typeof path}`)
}

function requirePath(operation: string, path: string | null): string {
  if (path !== null) return path
  throw new TypeError(`${operation}() needs a path: only maps of a skeleton have a pinPath`)
}

/** The kind of maps whose type has no class of its own. */
export function bpfMap(): MapKind {
  return { create: (handle) => new BpfMap(handle) }
}
