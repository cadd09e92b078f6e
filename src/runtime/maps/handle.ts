import { Memo } from '../../codec/intrinsics.ts'
import { DuplicateDescriptor } from '../descriptors/duplicate.ts'
import type { RingMapHandle } from '../events/ring-map-handle.ts'
import { bpf_map__set_value_size } from '../ffi/object.ts'
import { privilegeHint } from '../host/capabilities.ts'
import { EBADF, EFAULT, EINVAL } from '../host/errno.ts'
import type { BpfErrorDetails } from '../host/error.ts'
import { BpfError, stateError } from '../host/error.ts'
import type { KeepAlive } from '../lifetime/keep-alive.ts'
import type { Lifecycle } from '../lifetime/lifecycle.ts'
import type { MapInfo } from './info.ts'
import { fdRefersTo, readMapInfo } from './info.ts'

/** A map's native side, shared by every class and typed face over it: libbpf's map before load, its descriptor after. */
export class MapHandle implements RingMapHandle {
  readonly name: string
  /** For messages. */
  readonly title: string
  /** `struct bpf_map *`; 0 when libbpf does not know the map. */
  pointer: number
  readonly life: Lifecycle
  readonly keepAlive: KeepAlive
  /** What to do about an errno, of this kind of map. */
  advice: ((errno: number) => string | undefined) | undefined
  /** What a section does for `setValueSize`, for its image changes too. */
  resize: (valueSize: number) => number = (valueSize) => this.setValueSize(valueSize)
  /** Where libbpf mapped an arena's variables. */
  arenaVariables = 0
  /** The kernel has no batched walk for this kind of map. */
  noBatches = false
  /** Counts the descriptors that this has had. */
  generation = 0
  #fd = -1
  #info: MapInfo | undefined
  /** What users have of the descriptor. */
  readonly userDescriptor: DuplicateDescriptor = new DuplicateDescriptor()
  readonly #loading = new Set<() => void>()
  readonly #closing = new Set<() => void>()

  constructor(
    name: string,
    pointer: number,
    life: Lifecycle,
    keepAlive: KeepAlive,
    title = `map ${name} of ${life.name}`,
  ) {
    this.name = name
    this.title = title
    this.pointer = pointer
    this.life = life
    this.keepAlive = keepAlive
  }

  /** Not what only looks like one. */
  static isHandle(value: object): value is MapHandle {
    return #fd in value
  }

  /** -1 before load, after destroy, and of a map that was not created. */
  get liveFd(): number {
    return this.#fd
  }

  /** @throws {BpfError} `ERR_BPF_STATE` unless loaded */
  requireFd(operation: string): number {
    if (this.#fd < 0) {
      this.life.requireLoaded(operation, this.title)
      throw new BpfError({
        code: 'ERR_BPF_STATE',
        operation,
        object: this.title,
        reason: 'load() did not create it, since autocreate is off',
      })
    }
    return this.#fd
  }

  /** libbpf's map, to be changed. @throws {BpfError} `ERR_BPF_STATE` unless between open and load */
  requireOpen(operation: string): number {
    const pointer = this.requirePointer(operation)
    this.life.requireOpen(operation, this.title)
    return pointer
  }

  /** libbpf's map, there from open to destroy. @throws {BpfError} `ERR_BPF_STATE` when there is none */
  requirePointer(operation: string): number {
    const { life, pointer, title } = this
    if (life.stage === 'destroyed' || life.stage === 'loading') throw life.refusal(operation, title)
    if (pointer !== 0) return pointer
    throw stateError(operation, title, 'only maps that a skeleton declares have this')
  }

  /** Called once, right before libbpf loads. */
  onLoading(callback: () => void): void {
    this.#loading.add(callback)
  }

  loading(): void {
    for (const callback of this.#loading) callback()
    this.#loading.clear()
  }

  loaded(fd: number): void {
    this.#fd = fd
    this.#info = undefined
    this.generation++
  }

  /** Of the map that load will create. 0, or minus the errno. */
  setValueSize(valueSize: number): number {
    return bpf_map__set_value_size(this.pointer, valueSize)
  }

  /** From the descriptor: what the kernel reads and writes goes by this, never by the object's own types. */
  info(operation = 'ask about'): MapInfo {
    this.#info ??= readMapInfo(this.requireFd(operation), operation, this.title)
    return this.#info
  }

  /**
   * The descriptor, for buffers that were made for elements of these sizes.
   * @throws {BpfError} `ERR_BPF_STATE` when the map is another since, of other sizes
   */
  requireFdFor({ keySize, valueSize }: MapInfo, operation: string): number {
    const fd = this.requireFd(operation)
    const now = this.info(operation)
    if (now.keySize === keySize && now.valueSize === valueSize) return fd
    throw stateError(operation, this.title, 'it was replaced by one of other sizes; begin anew')
  }

  /**
   * The descriptor, for memory whose size goes by `expected`: asks the kernel what is behind it now.
   * @throws {BpfError} `ERR_BPF_STATE` when that is another map, or none
   */
  requireSameFd(expected: MapInfo, operation: string): number {
    const fd = this.requireFdFor(expected, operation)
    if (fdRefersTo(fd, expected)) return fd
    throw stateError(operation, this.title, closedByOthers(fd))
  }

  /** The descriptor, after asking the kernel that `info` is still true of it. @throws {BpfError} `ERR_BPF_STATE` */
  requireCheckedFd(operation: string): number {
    return this.requireSameFd(this.info(operation), operation)
  }

  /** A duplicate of the descriptor, for users. @throws {BpfError} `ERR_BPF_STATE` unless loaded */
  duplicateFd(operation: string): number {
    return this.userDescriptor.of(this.requireFd(operation), this.title)
  }

  /** Called once, before the descriptor closes. @returns what takes the callback back */
  onClose(callback: () => void): () => void {
    this.#closing.add(callback)
    return () => this.#closing.delete(callback)
  }

  closed(): void {
    this.userDescriptor.close()
    this.#fd = -1
    this.generation++
    this.#info = undefined
    for (const callback of this.#closing) callback()
    this.#closing.clear()
  }

  /** The error of a failed call on this map. Its hint is for when nothing better is known. */
  failure(operation: string, errno: number, details?: Partial<BpfErrorDetails>): BpfError {
    const hint = this.advice?.(errno) ?? privilegeHint(errno) ?? details?.hint
    const reason =
      [EBADF, EFAULT, EINVAL].includes(errno) && this.#info && !fdRefersTo(this.#fd, this.#info)
        ? closedByOthers(this.#fd)
        : details?.reason
    return new BpfError({ operation, object: this.title, errno, ...details, reason, hint })
  }
}

function closedByOthers(fd: number): string {
  return `its descriptor, ${fd}, was closed by other code than this library's; open() a new instance`
}

const handles = /*#__PURE__*/ new Memo<object, MapHandle>()

/** Keeps a map's native side out of the reach of whoever holds the map: there code could end the process. */
export function registerHandle(map: object, handle: MapHandle): void {
  if (!MapHandle.isHandle(handle))
    throw new TypeError('open() of a skeleton, or BpfMap, makes maps')
  handles.set(map, handle)
}

/** The native side of a map's object. */
export function handleOf(map: object): MapHandle {
  const handle = handles.get(map)
  if (!handle) throw new TypeError('this is no map')
  return handle
}
