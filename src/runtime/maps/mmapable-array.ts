import type { Codec } from '../../codec/codec.ts'
import { Memory } from '../../codec/intrinsics.ts'
import type { ArrayLayout, Layout } from '../../codec/layout.ts'
import { bytes, sizeOf } from '../../codec/layout.ts'
import { liveView } from '../../codec/live-view.ts'
import { deadMemory, liveMemory, readOnlyMemory } from '../../codec/memory.ts'
import type { ViewArray } from '../../codec/view.ts'
import { Mapping } from '../ffi/mapping.ts'
import { EPERM } from '../host/errno.ts'
import { BpfError, stateError } from '../host/error.ts'
import { ArrayMap } from './array.ts'
import type { MapHandle } from './handle.ts'
import { handleOf } from './handle.ts'
import type { MapKind } from './map.ts'
import { internalsOf, layoutsAs } from './readable.ts'
import { indexKeys } from './requirements.ts'

/** An ARRAY with BPF_F_MMAPABLE: its elements are also live memory, read and written without system calls. */
export class MmapableArray<V> extends ArrayMap<V> {
  #view: ViewArray<V> | undefined

  /**
   * A live view of all elements. Writing throws where the kernel allows only reading: a frozen map, BPF_F_RDONLY.
   * @throws {BpfError} `ERR_BPF_STATE` before load; the kernel's errno when it refuses the mapping
   */
  get view(): ViewArray<V> {
    return (this.#view ??= this.#map())
  }

  override get raw(): MmapableArray<Uint8Array> {
    return new MmapableArray(handleOf(this), {})
  }

  override as<U>(value: Codec<U>): MmapableArray<U> {
    return new MmapableArray(handleOf(this), layoutsAs(this, value))
  }

  #map(): ViewArray<V> {
    const { maxEntries, valueSize } = handleOf(this).info('map')
    const element = internalsOf(this).layouts.value ?? bytes(valueSize)
    if (sizeOf(element) !== valueSize) {
      throw new BpfError({
        code: 'ERR_BPF_MALFORMED',
        operation: 'map',
        object: handleOf(this).title,
        reason: `its values have ${valueSize} bytes, and the type given for them has ${sizeOf(element)}`,
      })
    }
    // kernel/bpf/arraymap.c: array_map_alloc
    const stride = Math.ceil(valueSize / 8) * 8
    const layout: ArrayLayout = { kind: 'array', element, length: maxEntries, stride }
    const { memory, retire } = mapElements(handleOf(this), maxEntries * stride)
    const { view, point } = liveView<V[]>(layout, memory)
    handleOf(this).onClose(() => {
      this.#view = undefined
      const { life, title } = handleOf(this)
      point(
        deadMemory(() => life.refusal('use', title)),
        0,
      )
      retire()
    })
    return view as ViewArray<V>
  }
}

function mapElements(handle: MapHandle, length: number): { memory: DataView; retire: () => void } {
  const fd = handle.requireCheckedFd('map')
  try {
    const mapping = new Mapping(fd, length, true)
    const memory = liveMemory(new Memory(mapping.buffer))
    return { memory, retire: () => mapping.retire() }
  } catch (error) {
    // EPERM: the map is frozen, or has BPF_F_RDONLY.
    if (!(error instanceof BpfError) || error.errno !== EPERM) throw mappingFailure(handle, error)
  }
  const mapping = new Mapping(fd, length, false)
  const refuse = (): Error =>
    stateError(
      'write to',
      handle.title,
      'the kernel allows only reading: the map is frozen, or has BPF_F_RDONLY',
    )
  const memory = readOnlyMemory(new Memory(mapping.buffer), refuse)
  return { memory, retire: () => mapping.retire() }
}

function mappingFailure(handle: MapHandle, error: unknown): unknown {
  return error instanceof BpfError && error.errno !== undefined
    ? handle.failure('map', error.errno)
    : error
}

export function mmapableArray<V = unknown>(value?: Layout): MapKind<MmapableArray<V>> {
  return { requires: indexKeys, create: (handle) => new MmapableArray(handle, { value }) }
}
