import { Bytes, Memory, min } from '../../../codec/intrinsics.ts'
import type { CompositeLayout, Layout } from '../../../codec/layout.ts'
import { sizeOf } from '../../../codec/layout.ts'
import { liveView } from '../../../codec/live-view.ts'
import { deadMemory, readOnlyMemory } from '../../../codec/memory.ts'
import { memcpyOut } from '../../ffi/libc.ts'
import { readBytes, scratch } from '../../ffi/memory.ts'
import { bpf_map__initial_value } from '../../ffi/object.ts'
import type { MapHandle } from '../handle.ts'
import type { LiveSection } from '../live-section.ts'
import { fixedSize, withFlexibleArray } from './flexible-array.ts'

/** The memory of a loaded section, and how to release it. */
export interface LoadedMemory {
  readonly memory: DataView
  retire?(): void
}

/** Returns the memory of the variables once the map is loaded. @param image their values before load */
export type LocateMemory = (
  map: MapHandle,
  title: string,
  image: DataView | undefined,
) => LoadedMemory

/**
 * One data section of an instance. Its view is one object from open to destroy; the memory behind it changes: before load a
 * copy of libbpf's initial value, then the map's memory, and after destroy memory whose use throws.
 */
export class Section implements LiveSection {
  /** The variables as properties. */
  readonly view: object
  readonly map: MapHandle
  /** A struct whose members are the variables. */
  readonly layout: CompositeLayout
  /** Points the view at other memory. */
  readonly point: (memory: DataView, offset: number, available?: number) => void
  readonly #title: string
  readonly #locateMemory: LocateMemory
  /** The values before load. */
  #image: DataView<ArrayBuffer> | undefined
  /** Set from load to destroy, unless hot replacement shows another section's memory. */
  loadedMemory: LoadedMemory | undefined

  constructor(map: MapHandle, layout: CompositeLayout, section: string, locate: LocateMemory) {
    this.map = map
    this.#title = `section ${section} of ${map.life.name}`
    this.layout = layout
    this.#locateMemory = locate
    // libbpf fills .kconfig when it loads.
    if (section !== '.kconfig') this.#image = initialValue(map, layout)
    const { view, point } = liveView<object>(
      withFlexibleArray(layout),
      this.#image ?? this.#deadMemory(),
    )
    this.view = view
    this.point = point
    map.resize = (valueSize) => this.#resize(valueSize)
  }

  beforeLoad(): void {
    if (!this.#image) return
    this.#copyToLibbpf(this.#image)
    // A write during loadAsync(), or after a load that failed, would be lost.
    const refusal = (): Error => this.map.life.refusal('write to', this.#title)
    this.point(readOnlyMemory(this.#image, refusal), 0, this.#image.byteLength)
  }

  loaded(): void {
    if (this.map.liveFd < 0) return
    this.loadedMemory = this.#locateMemory(this.map, this.#title, this.#image)
    this.point(this.loadedMemory.memory, 0, this.#image?.byteLength)
    this.#image = undefined
  }

  closed(): void {
    this.point(this.#deadMemory(), 0)
    this.loadedMemory?.retire?.()
    this.loadedMemory = undefined
    this.#image = undefined
  }

  /** Changes the section's size: libbpf allocates a new image, and the last array gets the additional bytes. */
  #resize(valueSize: number): number {
    const least = fixedSize(this.layout)
    if (valueSize < least) {
      throw new RangeError(
        `valueSize of map ${this.map.name} must be at least ${least}, the bytes of its variables`,
      )
    }
    if (this.#image) this.#copyToLibbpf(this.#image)
    const result = this.map.setValueSize(valueSize)
    if (result < 0 || !this.#image) return result
    this.#image = initialValue(this.map, this.layout)
    this.point(this.#image, 0, this.#image.byteLength)
    return result
  }

  #copyToLibbpf(image: DataView<ArrayBuffer>): void {
    const { address, size } = nativeValue(this.map.pointer)
    if (address === 0) return
    const length = min(size, image.byteLength)
    memcpyOut(address, new Bytes(image.buffer, image.byteOffset, length), length)
  }

  #deadMemory(): DataView {
    return deadMemory(() => this.map.life.refusal('use', this.#title))
  }
}

function nativeValue(map: number): { address: number; size: number } {
  const size = scratch(8)
  const address = bpf_map__initial_value(map, size.buffer)
  return { address, size: Number(size.data.getBigUint64(0, true)) }
}

/** Returns the image that libbpf will load into the section's map; empty when libbpf has none. */
export function initialImage(map: MapHandle): Uint8Array {
  const { address, size } = nativeValue(map.pointer)
  return address === 0 ? new Uint8Array() : readBytes(address, size)
}

function initialValue(map: MapHandle, layout: Layout): DataView<ArrayBuffer> {
  const { address, size } = nativeValue(map.pointer)
  const bytes = new Uint8Array(address === 0 ? sizeOf(layout) : size)
  if (address !== 0) bytes.set(readBytes(address, size))
  return new Memory(bytes.buffer) as DataView<ArrayBuffer>
}
