import { u32 } from '../../codec/layout.ts'
import type { MapHandle } from './handle.ts'
import { BpfMap } from './map.ts'
import { RemovableMap } from './removable.ts'

/** Arrays of descriptors that the kernel tells nobody: slots are filled and emptied, not read. */
export class DescriptorArray extends BpfMap {
  readonly #slots: RemovableMap<number, number>

  constructor(handle: MapHandle) {
    super(handle)
    this.#slots = descriptorSlots(handle)
  }

  /** Empties a slot. @returns whether something was in it, as far as the kernel says */
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
