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

/** Makes the map classes of one kind; generated modules name one a map, so that unused classes leave the bundle. */
export interface MapKind<M extends BpfMap = BpfMap> {
  /** The ELF section of a data section's map, by which libbpf finds it. */
  readonly section?: string
  /** The ELF section of the variables that are in a map of the program's own: an arena's. */
  readonly variablesSection?: string
  readonly requires?: MapTypeRequirements
  /** Refuses what the installed libbpf would take for something else, or fail over without saying why. */
  readonly beforeOpen?: (skeleton: string, map: string) => void
  /** `links` owns what the map attaches. */
  create(handle: MapHandle, links?: LinkOwner): M
  /** Refuses what would end the process, or do nobody knows what. */
  readonly beforeLoad?: (handle: MapHandle, object: ObjectToLoad) => void
  /** Of a data section: its variables. */
  readonly variables?: (handle: MapHandle, layout: CompositeLayout) => LiveSection
  /** Of what attach() of the skeleton attaches. Undefined when it is not to be. */
  attach?(map: M): Link | undefined
  /** Of a struct_ops: what of it may be set before it loads. */
  readonly structOpsShadow?: (handle: MapHandle, programs: ProgramsByPointer) => LiveSection
}

/** The object that a map is loaded with. */
export interface ObjectToLoad {
  /** `trace_bpf` */
  readonly name: string
  /** The ELF object in base64. */
  readonly elf: string
  /** Those whose autoload is on. */
  programs(): readonly { readonly name: string; readonly section: string }[]
}

/** What every map has. */
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
   * A descriptor of the map, a duplicate: it closes with the skeleton; closed before, it is made anew.
   * @throws {BpfError} `ERR_BPF_STATE` before load
   */
  get fd(): number {
    return this.#handle.duplicateFd('use the descriptor of')
  }

  /** The kernel's own description of the loaded map, as it is now. */
  get info(): MapDescription {
    return describeMap(this.#handle.requireFd('ask about'), 'ask about', this.#handle.title)
  }

  /** The number the kernel knows it by. */
  get id(): number {
    return this.#handle.info().id
  }

  /**
   * Between open and load: takes this map, of another skeleton or program, instead of making one. It stays the other's
   * too.
   * @param map itself, its descriptor, or the path that it is pinned at
   * @throws {BpfError} EINVAL when its type, sizes, entries or flags are not those declared
   */
  reuse(map: BpfMap | number | string): this {
    reuseMap(this, this.#handle, map)
    return this
  }

  /**
   * Makes it outlive the process under a path of a BPF file system, its `pinPath` by default.
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

  /** Removes the pin, at `path` or where `pin()` made it; the map lives on. @throws {BpfError} */
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

  /** No more writes by system call, for good; programs still write. @throws {BpfError} */
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
  throw new TypeError(`a pin's path is a string, not ${typeof path}`)
}

function requirePath(operation: string, path: string | null): string {
  if (path !== null) return path
  throw new TypeError(`${operation}() takes a path: only a skeleton's map has a pinPath`)
}

/** Maps of kinds that have no class of their own. */
export function bpfMap(): MapKind {
  return { create: (handle) => new BpfMap(handle) }
}
