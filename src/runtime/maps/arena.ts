import type { Codec } from '../codec/codec.ts'
import { sizeOf } from '../codec/layout.ts'
import { liveView } from '../codec/live-view.ts'
import { deadMemory } from '../codec/memory.ts'
import type { Live } from '../codec/view.ts'
import { BpfError, unsupported } from '../error.ts'
import { EBUSY } from '../ffi/errno.ts'
import { getpagesize } from '../ffi/libc.ts'
import { isFree } from '../ffi/mapping.ts'
import { scratch } from '../ffi/memory.ts'
import {
  bpf_map__autocreate,
  bpf_map__initial_value,
  bpf_map__map_extra,
  bpf_map__map_flags,
  bpf_map__max_entries,
} from '../ffi/object.ts'
import { ArenaMemory } from '../sections/arena-memory.ts'
import { Section } from '../sections/section.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { BpfMap } from './map.ts'

/**
 * ARENA: memory that programs and this process share at the same addresses, so that a pointer in it is an address here.
 * It is read and written by system calls: a page may be missing that no program has allocated.
 */
export class ArenaMap extends BpfMap {
  readonly #handle: MapHandle

  constructor(handle: MapHandle) {
    super(handle)
    this.#handle = handle
  }

  /** Where it begins. */
  get address(): bigint {
    return BigInt(this.#start('ask the address of'))
  }

  get byteLength(): number {
    return arenaSize(this.maxEntries)
  }

  /**
   * Live memory at an address, as pointers in the arena hold it. Using it throws EFAULT where no page is.
   * @throws {RangeError} past the arena
   */
  view<T>(codec: Codec<T>, address: bigint | number): Live<T> {
    const { layout } = codec
    const offset = this.#offset(address, sizeOf(layout))
    const memory = this.#memory('view', sizeOf(layout), offset)
    return liveView<T>(layout, memory).view
  }

  /** A copy of bytes. @throws {BpfError} EFAULT where no page is */
  read(address: bigint | number, length: number): Uint8Array {
    const memory = this.#memory('read', length, this.#offset(address, length))
    return new Uint8Array(memory.buffer)
  }

  /** @throws {BpfError} EFAULT where no page is, and none can be had */
  write(address: bigint | number, bytes: Uint8Array): void {
    if (!(bytes instanceof Uint8Array)) throw new TypeError('write() takes a Uint8Array')
    const at = this.#offset(address, bytes.length)
    new ArenaMemory(this.#handle, this.#start('write') + at, bytes.length).put(0, bytes)
  }

  #memory(operation: string, length: number, offset: number): DataView {
    return new ArenaMemory(this.#handle, this.#start(operation) + offset, length).view
  }

  #start(operation: string): number {
    this.#handle.requireFd(operation)
    const start = startOf(this.#handle)
    if (start === undefined) throw notMapped(this.#handle)
    return start
  }

  /** In the arena. */
  #offset(address: bigint | number, length: number): number {
    const offset = Number(BigInt(address) - this.address)
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new RangeError(`a length is a number of bytes, not ${length}`)
    }
    if (offset < 0 || offset + length > this.byteLength) {
      const [start, end] = [this.address, this.address + BigInt(this.byteLength)]
      throw new RangeError(
        `${length} bytes at 0x${address.toString(16)} are not in map ${this.name}, which is 0x${start.toString(16)} to 0x${end.toString(16)}`,
      )
    }
    return offset
  }
}

/** What libbpf had in place of the memory before it loaded. */
const before = new WeakMap<MapHandle, number>()

/** Where it is in this process; undefined of one that was there already: libbpf maps only those it makes. */
function startOf(handle: MapHandle): number | undefined {
  const start = bpf_map__initial_value(handle.pointer, new ArrayBuffer(8))
  return start === 0 || start === before.get(handle) ? undefined : start
}

function notMapped({ title }: MapHandle): BpfError {
  return unsupported(
    'use the memory of',
    title,
    'libbpf found the map made, pinned or to be reused, and maps only those it makes itself',
    'Let each instance make its own arena.',
  )
}

/** Its entries are pages. */
function arenaSize(maxEntries: number): number {
  return maxEntries * getpagesize()
}

/** linux/bpf.h: BPF_F_SEGV_ON_FAULT. */
const segvOnFault = 1 << 17

/** What libbpf would do all the same: unmap what is at a fixed address, write where no page or no room is. */
function beforeLoad(handle: MapHandle, hasVariables: boolean): void {
  const { pointer, title } = handle
  if (!bpf_map__autocreate(pointer)) return
  const size = arenaSize(bpf_map__max_entries(pointer))
  const variables = scratch(8)
  before.set(handle, bpf_map__initial_value(pointer, variables.buffer))
  if (hasVariables && (bpf_map__map_flags(pointer) & segvOnFault) !== 0) {
    throw unsupported(
      'load',
      title,
      'libbpf cannot write the initial values of __arena variables into an arena with BPF_F_SEGV_ON_FAULT',
      'Clear the flag, or keep the variables out of the arena.',
    )
  }
  if (hasVariables && variables.data.getBigUint64(0, true) > size) {
    throw new RangeError(`${title}: its variables do not fit the ${size} bytes of maxEntries`)
  }
  const address = Number(bpf_map__map_extra(pointer))
  if (address === 0 || isFree(address, size)) return
  throw new BpfError({
    operation: 'load',
    object: title,
    errno: EBUSY,
    reason: `its map_extra asks for address 0x${address.toString(16)}, where this process has other memory`,
    hint: 'Leave map_extra out, and the kernel finds a place',
  })
}

function variablesMemory(map: MapHandle, size: number): DataView {
  if (startOf(map) === undefined) return deadMemory(() => notMapped(map))
  return new ArenaMemory(map, map.variables, size).view
}

/** @param section of the variables in it */
export function arenaMap(section?: string): MapKind<ArenaMap> {
  const kind = {
    needs: { minor: 4, what: 'BPF_MAP_TYPE_ARENA' },
    create: (handle: MapHandle) => new ArenaMap(handle),
    beforeLoad: (handle: MapHandle) => beforeLoad(handle, section !== undefined),
  }
  if (section === undefined) return kind
  return {
    ...kind,
    holds: section,
    variables: (handle, layout) =>
      new Section(handle, layout, section, (map) => ({
        memory: variablesMemory(map, layout.size),
      })),
  }
}
