import { u32 } from '../../codec/layout.ts'
import type { MapHandle } from './handle.ts'
import { BpfMap } from './map.ts'
import { RemovableMap } from './removable.ts'

/** An array of descriptors whose slots can be filled and emptied, and not read. */
export class DescriptorArray extends BpfMap {
  readonly #slots: RemovableMap<number, number>

  constructor(handle: MapHandle) {
    super(handle)
    this.#slots = descriptorSlots(handle)
  }

  /** Empties a slot. @returns whether it was full, as far as the kernel tells */
  delete(index: number): boolean {
    return this.#slots.delete(index)
  }

  /** Empties every slot. */
  clear(): void {
    for (let index = 0; index < this.maxEntries; index++) this.#slots.delete(index)
  }

  /** @internal */
  protected fill(index: number, fd: number): this {
    this.#slots.set(index, fd)
    return this
  }
}

export function descriptorSlots(handle: MapHandle): RemovableMap<number, number> {
  return new RemovableMap(handle, { key: u32, value: u32 })
}
