import { u32 } from '../../codec/layout.ts'
import { descriptor } from '../descriptors/descriptor.ts'
import type { Program } from '../programs/program.ts'
import type { MapHandle } from './handle.ts'
import { setElement } from './keyed.ts'
import type { MapKind } from './map.ts'
import { RemovableMap } from './removable.ts'
import { descriptorValues } from './requirements.ts'

/** PROG_ARRAY: the programs that bpf_tail_call() calls, by index. `set` takes a program; `get` returns a program's id. */
export class ProgArray extends RemovableMap<number, number, Program | number> {
  constructor(handle: MapHandle) {
    super(handle, { key: u32, value: u32 })
  }

  /**
   * Puts a program at an index.
   * @param program of the same type as the one that calls it, or its descriptor
   * @throws {BpfError} EINVAL when the kernel refuses that type of program here; E2BIG past the last index
   */
  override set(index: number, program: Program | number): this {
    setElement(this, index, descriptor(program, 'set() takes a program'), undefined)
    return this
  }
}

export function progArray(): MapKind<ProgArray> {
  return { requires: descriptorValues, create: (handle) => new ProgArray(handle) }
}
