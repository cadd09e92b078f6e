import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import { isBytes, lengthOfBytes } from '../../codec/intrinsics.ts'
import { sizeOf } from '../../codec/layout.ts'
import { liveView } from '../../codec/live-view.ts'
import { deadMemory } from '../../codec/memory.ts'
import type { Live } from '../../codec/view.ts'
import { uint64 } from '../ffi/arguments.ts'
import { arenaSize, checkArena, notMapped, arenaStart } from './arena-mapping.ts'
import type { MapHandle } from './handle.ts'
import { needsLibbpf } from './libbpf-need.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'
import { ArenaMemory } from './sections/arena-memory.ts'
import { Section } from './sections/section.ts'

/**
 * ARENA: memory that programs and this process share at the same addresses, so that a pointer in it is valid here too. It
 * is read and written by system calls, because a page that no program allocated may be missing.
 */
export class ArenaMap extends BpfMap {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    super(handle)
    this.#handle = handle
  }

  /** The address at which it begins. */
  get address(): bigint {
    return BigInt(this.#start('ask the address of'))
  }

  get byteLength(): number {
    return this.#size()
  }

  /**
   * Returns a live view of the memory at an address, such as a pointer in the arena. Using it throws EFAULT where no page
   * is allocated.
   * @throws {RangeError} outside the arena
   */
  view<T>(codec: Codec<T>, address: bigint | number): Live<T> {
    const layout = layoutOfCodec('view()', codec)
    const offset = this.#offset(address, sizeOf(layout))
    const memory = this.#memory('view', sizeOf(layout), offset)
    return liveView<T>(layout, memory).view
  }

  /** Returns a copy of `length` bytes. @throws {BpfError} EFAULT where no page is allocated */
  read(address: bigint | number, length: number): Uint8Array {
    const memory = this.#memory('read', length, this.#offset(address, length))
    return new Uint8Array(memory.buffer)
  }

  /** Writes bytes at an address. @throws {BpfError} EFAULT where no page is allocated */
  write(address: bigint | number, bytes: Uint8Array): void {
    if (!isBytes(bytes)) throw new TypeError('write() takes a Uint8Array')
    const length = lengthOfBytes(bytes)
    const at = this.#offset(address, length)
    new ArenaMemory(this.#handle, this.#start('write') + at, length).put(0, bytes)
  }

  #memory(operation: string, length: number, offset: number): DataView {
    return new ArenaMemory(this.#handle, this.#start(operation) + offset, length).view
  }

  #start(operation: string): number {
    this.#handle.requireFd(operation)
    const start = arenaStart(this.#handle)
    if (start === undefined) throw notMapped(this.#handle)
    return start
  }

  /** Returns the size in bytes, by `super`: a user may have redefined the property on this object. */
  #size(): number {
    return arenaSize(super.maxEntries)
  }

  /** Returns an address as an offset in the arena. @throws {RangeError} outside the arena */
  #offset(address: bigint | number, length: number): number {
    const start = this.#start('use')
    const size = this.#size()
    const offset = Number(uint64('address', address) - BigInt(start))
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`length must be a number of bytes, not ${length}`)
    }
    if (offset >= 0 && offset + length <= size) return offset
    throw new RangeError(
      `${length} bytes at 0x${address.toString(16)} are outside map ${this.name}, which is from 0x${start.toString(16)} to 0x${(start + size).toString(16)}`,
    )
  }
}

function variablesMemory(map: MapHandle, size: number): DataView {
  if (arenaStart(map) === undefined) return deadMemory(() => notMapped(map))
  return new ArenaMemory(map, map.arenaVariables, size).view
}

/** @param section the ELF section of the variables in the arena, if it has some */
export function arenaMap(section?: string): MapKind<ArenaMap> {
  const kind = {
    requires: { key: 0, value: 0, since: { linux: '6.9', what: 'BPF_MAP_TYPE_ARENA' } },
    ...needsLibbpf(4, 'BPF_MAP_TYPE_ARENA'),
    create: (handle: MapHandle) => new ArenaMap(handle),
    beforeLoad: (handle: MapHandle) => checkArena(handle, section !== undefined),
  }
  if (section === undefined) return kind
  return {
    ...kind,
    variablesSection: section,
    variables: (handle, layout) =>
      new Section(handle, layout, section, (map) => ({
        memory: variablesMemory(map, layout.size),
      })),
  }
}
