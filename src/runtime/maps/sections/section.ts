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

/** The memory that programs read and write, and how to let go of it. */
export interface LoadedMemory {
  readonly memory: DataView
  retire?(): void
}

/** Where the variables are once the map is there. `image` is what they were when it was loaded. */
export type LocateMemory = (
  map: MapHandle,
  title: string,
  image: DataView | undefined,
) => LoadedMemory

/**
 * One data section of an instance. Its view stays the same object for life, while the memory under it changes: before
 * load a copy of libbpf's initial value, after it the map's own memory, in the end memory that refuses.
 */
export class Section implements LiveSection {
  /** The variables as properties. */
  readonly view: object
  readonly map: MapHandle
  /** Whose members are the variables that the view shows. */
  readonly layout: CompositeLayout
  /** Aims the view elsewhere. */
  readonly point: (memory: DataView, offset: number, available?: number) => void
  readonly #title: string
  readonly #locate: LocateMemory
  /** Before load. */
  #image: DataView<ArrayBuffer> | undefined
  /** From load to destroy, unless another's is shown. */
  loadedMemory: LoadedMemory | undefined

  constructor(map: MapHandle, layout: CompositeLayout, section: string, locate: LocateMemory) {
    this.map = map
    this.#title = `section ${section} of ${map.life.name}`
    this.layout = layout
    this.#locate = locate
    // libbpf fills .kconfig when it loads.
    if (section !== '.kconfig') this.#image = initialValue(map, layout)
    const { view, point } = liveView<object>(
      withFlexibleArray(layout),
      this.#image ?? this.#refusing(),
    )
    this.view = view
    this.point = point
    map.resize = (valueSize) => this.#resize(valueSize)
  }

  beforeLoad(): void {
    if (!this.#image) return
    this.#handOver(this.#image)
    // What is written while a thread loads, or after a load that failed, would reach nobody.
    const refusal = (): Error => this.map.life.refusal('write to', this.#title)
    this.point(readOnlyMemory(this.#image, refusal), 0, this.#image.byteLength)
  }

  loaded(): void {
    if (this.map.liveFd < 0) return
    this.loadedMemory = this.#locate(this.map, this.#title, this.#image)
    this.point(this.loadedMemory.memory, 0, this.#image?.byteLength)
    this.#image = undefined
  }

  closed(): void {
    this.point(this.#refusing(), 0)
    this.loadedMemory?.retire?.()
    this.loadedMemory = undefined
    this.#image = undefined
  }

  /** libbpf gives its image new memory, and the last array what is more. */
  #resize(valueSize: number): number {
    const least = fixedSize(this.layout)
    if (valueSize < least) {
      throw new RangeError(
        `valueSize of map ${this.map.name} must be at least ${least}: its variables take as much`,
      )
    }
    if (this.#image) this.#handOver(this.#image)
    const result = this.map.setValueSize(valueSize)
    if (result < 0 || !this.#image) return result
    this.#image = initialValue(this.map, this.layout)
    this.point(this.#image, 0, this.#image.byteLength)
    return result
  }

  #handOver(image: DataView<ArrayBuffer>): void {
    const { address, size } = nativeValue(this.map.pointer)
    if (address === 0) return
    const length = min(size, image.byteLength)
    memcpyOut(address, new Bytes(image.buffer, image.byteOffset, length), length)
  }

  #refusing(): DataView {
    return deadMemory(() => this.map.life.refusal('use', this.#title))
  }
}

function nativeValue(map: number): { address: number; size: number } {
  const size = scratch(8)
  const address = bpf_map__initial_value(map, size.buffer)
  return { address, size: Number(size.data.getBigUint64(0, true)) }
}

/** What libbpf will load into the section's map, as it is now; empty where it does not say. */
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
