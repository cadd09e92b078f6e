import type { CompositeLayout } from '../../codec/layout.ts'
import { sizeOf } from '../../codec/layout.ts'
import { liveView } from '../../codec/live-view.ts'
import { deadMemory, readOnlyMemory } from '../../codec/memory.ts'
import { inspectSymbol, uncloneableObject } from '../../codec/view-location.ts'
import { libbpfIsAtLeast } from '../ffi/libbpf-version.ts'
import { memcpyOut } from '../ffi/libc.ts'
import { getPointer, readBytes, setPointer } from '../ffi/memory.ts'
import { bpf_map__initial_value } from '../ffi/object.ts'
import { unsupported } from '../host/error.ts'
import { Program } from '../programs/program.ts'
import type { MapHandle } from './handle.ts'
import type { LiveSection } from './live-section.ts'

/** Programs by `struct bpf_program *`. */
export type ProgramsByPointer = ReadonlyMap<number, Program>

/**
 * libbpf's copy of a struct_ops before load: scalars, and for functions the programs. load makes the kernel's struct of it,
 * which cannot be changed any more.
 */
export class StructOpsShadow implements LiveSection {
  readonly view: object
  readonly #map: MapHandle
  readonly #programs: ProgramsByPointer
  readonly #image: DataView<ArrayBuffer> | undefined
  readonly #scalars: Record<string, unknown>
  readonly #point: (memory: DataView) => void
  /** Throws where the stage does not allow the access. */
  #memory: DataView

  constructor(
    map: MapHandle,
    layout: CompositeLayout,
    functions: readonly string[],
    programs: ProgramsByPointer,
  ) {
    this.#map = map
    this.#programs = programs
    this.#image = initialValue(map, sizeOf(layout))
    this.#memory = this.#image ?? deadMemory(() => this.#unsupported())
    const { view, point } = liveView<Record<string, unknown>>(layout, this.#memory)
    this.#scalars = view
    this.#point = (memory) => point((this.#memory = memory), 0)
    this.view = this.#fields(layout, new Set(functions))
  }

  beforeLoad(): void {
    const address = bpf_map__initial_value(this.#map.pointer, null)
    if (!this.#image || address === 0) return
    const { buffer, byteOffset, byteLength } = this.#image
    memcpyOut(address, new Uint8Array(buffer, byteOffset, byteLength), byteLength)
    this.#point(readOnlyMemory(this.#image, () => this.#map.life.refusal('write to', this.#title)))
  }

  /** Nothing changes: the kernel has its own struct. */
  loaded(): void {}

  closed(): void {
    this.#point(deadMemory(() => this.#map.life.refusal('use', this.#title)))
  }

  get #title(): string {
    return `struct_ops.${this.#map.name} of ${this.#map.life.name}`
  }

  #unsupported(): Error {
    return unsupported(
      'use',
      this.#title,
      'the installed libbpf gives no access to a struct_ops before load',
      'Install libbpf 1.4 or newer.',
    )
  }

  #fields(layout: CompositeLayout, functions: ReadonlySet<string>): object {
    const fields = uncloneableObject()
    for (const { name, offset } of layout.members) {
      const accessors = functions.has(name)
        ? {
            get: () => this.#program(offset),
            set: (program: unknown) => this.#setProgram(name, offset, program),
          }
        : {
            get: () => this.#scalars[name],
            set: (value: unknown) => void (this.#scalars[name] = value),
          }
      Object.defineProperty(fields, name, { enumerable: true, ...accessors })
    }
    Object.defineProperty(fields, inspectSymbol, { value: () => this.#inspected(layout) })
    return Object.seal(fields)
  }

  #program(offset: number): Program | null {
    return this.#programs.get(getPointer(this.#memory, offset)) ?? null
  }

  #setProgram(name: string, offset: number, program: unknown): void {
    setPointer(this.#memory, offset, program === null ? 0 : this.#pointerOf(name, program))
  }

  #pointerOf(name: string, program: unknown): number {
    for (const [pointer, known] of this.#programs) {
      if (known === program && known.type === structOpsProgram) return pointer
    }
    throw new TypeError(
      `${this.#title}: ${name} takes a SEC("struct_ops") program of the same skeleton instance, or null`,
    )
  }

  #inspected(layout: CompositeLayout): unknown {
    try {
      const view = this.view as Record<string, unknown>
      return Object.fromEntries(
        layout.members.map(({ name }) => [name, inspectedValue(view[name])]),
      )
    } catch (error) {
      return `[${String(error)}]`
    }
  }
}

function inspectedValue(value: unknown): unknown {
  return value instanceof Program ? value.name : value
}

/** linux/bpf.h: BPF_PROG_TYPE_STRUCT_OPS. */
const structOpsProgram = 27

/** Returns a copy of libbpf's value, which has the object's struct: fewer members, at other offsets than the kernel's. */
function initialValue(map: MapHandle, size: number): DataView<ArrayBuffer> | undefined {
  const address = libbpfIsAtLeast(1, 4) ? bpf_map__initial_value(map.pointer, null) : 0
  return address === 0 ? undefined : new DataView(readBytes(address, size).buffer)
}
