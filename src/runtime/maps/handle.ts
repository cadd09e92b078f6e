import { privilegeHint } from '../capabilities.ts'
import { BpfError } from '../error.ts'
import { objectInfo } from '../ffi/bpf.ts'
import { bpf_map__set_value_size } from '../ffi/object.ts'
import type { KeepAlive } from '../keep-alive.ts'
import type { Life } from '../life.ts'

/** `struct bpf_map_info`, as the kernel tells it. Sizes in bytes. */
export interface MapInfo {
  /** BPF_MAP_TYPE_ number. */
  readonly type: number
  readonly id: number
  readonly keySize: number
  readonly valueSize: number
  readonly maxEntries: number
  readonly flags: number
  /** At most 15 characters. */
  readonly name: string
}

/** A map's native side, shared by every class and typed face over it: libbpf's map before load, its descriptor after. */
export class MapHandle {
  readonly name: string
  readonly life: Life
  readonly keepAlive: KeepAlive
  /** `struct bpf_map *`; 0 when libbpf does not know the map. */
  readonly pointer: number
  /** What a section does for `setValueSize`, for its image changes too. */
  resize: (valueSize: number) => number = (valueSize) => this.setValueSize(valueSize)
  /** Where libbpf mapped an arena's variables. */
  variables = 0
  /** The kernel has no batched walk for this kind of map. */
  noBatches = false
  #fd = -1
  #info: MapInfo | undefined
  readonly #closing = new Set<() => void>()

  constructor(name: string, pointer: number, life: Life, keepAlive: KeepAlive) {
    this.name = name
    this.pointer = pointer
    this.life = life
    this.keepAlive = keepAlive
  }

  /** For messages. */
  get title(): string {
    return `map ${this.name} of ${this.life.name}`
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

  /** @throws {BpfError} `ERR_BPF_STATE` unless between open and load */
  requireOpen(operation: string): number {
    this.life.requireOpen(operation, this.title)
    return this.pointer
  }

  loaded(fd: number): void {
    this.#fd = fd
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

  /** Called once, before the descriptor closes. */
  onClose(callback: () => void): void {
    this.#closing.add(callback)
  }

  closed(): void {
    this.#fd = -1
    this.#info = undefined
    for (const callback of this.#closing) callback()
    this.#closing.clear()
  }

  /** The error of a failed system call on this map. */
  failure(operation: string, errno: number): BpfError {
    return new BpfError({ operation, object: this.title, errno, hint: privilegeHint(errno) })
  }
}

/** Bytes of struct bpf_map_info up to and including the name (linux/bpf.h). */
const infoSize = 88
const nameOffset = 24
const nameLength = 16

export function readMapInfo(fd: number, operation: string, object: string): MapInfo {
  const info = objectInfo(fd, infoSize)
  if (typeof info === 'number') throw new BpfError({ operation, object, errno: -info })
  const name = new Uint8Array(info.buffer, nameOffset, nameLength)
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    keySize: info.getUint32(8, true),
    valueSize: info.getUint32(12, true),
    maxEntries: info.getUint32(16, true),
    flags: info.getUint32(20, true),
    name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
  }
}
