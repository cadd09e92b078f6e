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

/** A map's native side, shared by all objects that show the map: libbpf's map before load, its descriptor after. */
export class MapHandle implements RingMapHandle {
  readonly name: string
  /** The name in messages: `map events of trace_bpf`. */
  readonly title: string
  /** `struct bpf_map *`; 0 when libbpf does not know the map. */
  pointer: number
  readonly life: Lifecycle
  readonly keepAlive: KeepAlive
  /** Returns what to do about an errno, where this type of map has advice. */
  advice: ((errno: number) => string | undefined) | undefined
  /** Changes the value size. A data section replaces this, because its image changes too. */
  resize: (valueSize: number) => number = (valueSize) => this.setValueSize(valueSize)
  /** The address at which libbpf mapped an arena's variables. */
  arenaVariables = 0
  /** The kernel has no batched walk for this type of map. */
  noBatches = false
  /** Counts the descriptors that the map has had: load, replacement and close each change it. */
  generation = 0
  #fd = -1
  #info: MapInfo | undefined
  /** The duplicate of the descriptor that users get. */
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

  /** Whether an object is a handle, and does not only look like one. */
  static isHandle(value: object): value is MapHandle {
    return #fd in value
  }

  /** The descriptor; -1 before load, after destroy, and of a map that was not created. */
  get liveFd(): number {
    return this.#fd
  }

  /** Returns the descriptor. @throws {BpfError} `ERR_BPF_STATE` unless loaded */
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

  /** Returns libbpf's map, to change it. @throws {BpfError} `ERR_BPF_STATE` unless between open and load */
  requireOpen(operation: string): number {
    const pointer = this.requirePointer(operation)
    this.life.requireOpen(operation, this.title)
    return pointer
  }

  /** Returns libbpf's map, which exists from open to destroy. @throws {BpfError} `ERR_BPF_STATE` when there is none */
  requirePointer(operation: string): number {
    const { life, pointer, title } = this
    if (life.stage === 'destroyed' || life.stage === 'loading') throw life.refusal(operation, title)
    if (pointer !== 0) return pointer
    throw stateError(operation, title, 'only maps of a skeleton have this')
  }

  /** Adds a callback that is called once, right before libbpf loads. */
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

  /** Sets the value size with which load will create the map. @returns 0, or minus the errno */
  setValueSize(valueSize: number): number {
    return bpf_map__set_value_size(this.pointer, valueSize)
  }

  /** Returns the kernel's map info. Sizes of buffers come from here, never from the object's types. */
  info(operation = 'ask about'): MapInfo {
    this.#info ??= readMapInfo(this.requireFd(operation), operation, this.title)
    return this.#info
  }

  /**
   * Returns the descriptor, for buffers that were made for elements of these sizes.
   * @throws {BpfError} `ERR_BPF_STATE` when the map was replaced by one of other sizes
   */
  requireFdFor({ keySize, valueSize }: MapInfo, operation: string): number {
    const fd = this.requireFd(operation)
    const now = this.info(operation)
    if (now.keySize === keySize && now.valueSize === valueSize) return fd
    throw stateError(operation, this.title, 'it was replaced by a map of other sizes; start again')
  }

  /**
   * Returns the descriptor after asking the kernel that it still refers to the expected map.
   * @throws {BpfError} `ERR_BPF_STATE` when it refers to another map, or none
   */
  requireSameFd(expected: MapInfo, operation: string): number {
    const fd = this.requireFdFor(expected, operation)
    if (fdRefersTo(fd, expected)) return fd
    throw stateError(operation, this.title, closedByOthers(fd))
  }

  /** Returns the descriptor after asking the kernel that it still refers to this map. @throws {BpfError} `ERR_BPF_STATE` */
  requireCheckedFd(operation: string): number {
    return this.requireSameFd(this.info(operation), operation)
  }

  /** Returns a duplicate of the descriptor, for users. @throws {BpfError} `ERR_BPF_STATE` unless loaded */
  duplicateFd(operation: string): number {
    return this.userDescriptor.of(this.requireFd(operation), this.title)
  }

  /** Adds a callback that is called once, before the descriptor closes. @returns what removes it */
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

  /** Returns the error of a failed call on this map. The hint in `details` is used when there is no better one. */
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
  return `code outside this library closed its descriptor, ${fd}; open() a new instance`
}

const handles = /*#__PURE__*/ new Memo<object, MapHandle>()

/** Registers a map's native side. It is not a property: with it, a user's code could crash the process. */
export function registerHandle(map: object, handle: MapHandle): void {
  if (!MapHandle.isHandle(handle))
    throw new TypeError('maps are made by open() of a skeleton and by BpfMap')
  handles.set(map, handle)
}

/** Returns the native side of a map. @throws {TypeError} for what only looks like a map */
export function handleOf(map: object): MapHandle {
  const handle = handles.get(map)
  if (!handle) throw new TypeError('this is not a map of this library')
  return handle
}
