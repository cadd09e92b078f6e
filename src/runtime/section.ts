import type { Layout } from './codec/layout.ts'
import { sizeOf } from './codec/layout.ts'
import { liveView } from './codec/live-view.ts'
import { deadMemory, liveMemory, readOnlyMemory } from './codec/memory.ts'
import { BpfError, stateError } from './error.ts'
import { bpf, command } from './ffi/bpf.ts'
import { memcpyOut } from './ffi/libc.ts'
import { Mapping } from './ffi/mapping.ts'
import { readBytes, scratch, setPointer } from './ffi/memory.ts'
import { bpf_map__initial_value } from './ffi/object.ts'
import type { Life } from './life.ts'
import type { MapHandle } from './maps/handle.ts'

/**
 * One data section of an instance. Its view stays the same object for life, while the memory under it changes: before
 * load a copy of libbpf's initial value, after it the map's own memory, in the end memory that refuses.
 */
export class Section {
  /** The variables as properties. */
  readonly view: object
  readonly #point: (memory: DataView, offset: number) => void
  readonly #section: string
  readonly #map: MapHandle
  readonly #life: Life
  /** Before load, and of frozen sections after it. */
  #own: DataView<ArrayBuffer> | undefined
  #mapping: Mapping | undefined

  constructor(section: string, layout: Layout, map: MapHandle) {
    this.#section = section
    this.#map = map
    this.#life = map.life
    if (!this.#isKconfig) this.#own = initialValue(map, layout)
    const { view, point } = liveView<object>(layout, this.#own ?? this.#refusing())
    this.view = view
    this.#point = point
  }

  /** Hands libbpf what JavaScript wrote. */
  beforeLoad(): void {
    if (!this.#own) return
    const { address, size } = nativeValue(this.#map.pointer)
    if (address !== 0) memcpyOut(address, this.#own, Math.min(size, this.#own.byteLength))
  }

  /** Points the view at what programs now read and write. */
  loaded(): void {
    if (this.#map.liveFd < 0) return
    const { flags, valueSize } = this.#map.info()
    if (this.#isKconfig) this.#own = lookup(this.#map, valueSize)
    // The kernel froze these, so a copy stays exact; a store to their mapped pages would be SIGSEGV.
    if (this.#own && (this.#isKconfig || (flags & readOnlyForPrograms) !== 0)) {
      const frozen = readOnlyMemory(this.#own, () => this.#frozen())
      this.#point(frozen, 0)
      return
    }
    this.#mapping = new Mapping(this.#map.liveFd, valueSize, true)
    this.#point(liveMemory(new DataView(this.#mapping.buffer)), 0)
    this.#own = undefined
  }

  closed(): void {
    this.#point(this.#refusing(), 0)
    this.#mapping?.retire()
    this.#own = undefined
  }

  get #isKconfig(): boolean {
    return this.#section === '.kconfig'
  }

  #refusing(): DataView {
    return deadMemory(() =>
      this.#life.refusal('use', `section ${this.#section} of ${this.#life.name}`),
    )
  }

  #frozen(): BpfError {
    return stateError(
      'write to',
      `section ${this.#section} of ${this.#life.name}`,
      this.#isKconfig
        ? 'the kernel configuration is read-only'
        : 'it is constant once loaded; write between open() and load(), or move the variable out of .rodata',
    )
  }
}

/** linux/bpf.h: BPF_F_RDONLY_PROG, which libbpf sets for .rodata and .kconfig. */
const readOnlyForPrograms = 1 << 7

function nativeValue(map: number): { address: number; size: number } {
  const size = scratch(8)
  const address = bpf_map__initial_value(map, size.buffer)
  return { address, size: Number(size.data.getBigUint64(0, true)) }
}

function initialValue(map: MapHandle, layout: Layout): DataView<ArrayBuffer> {
  const { address, size } = nativeValue(map.pointer)
  const bytes = new Uint8Array(Math.max(size, sizeOf(layout)))
  if (address !== 0) bytes.set(readBytes(address, size))
  return new DataView(bytes.buffer)
}

/** The only element of a section's map. */
function lookup(map: MapHandle, size: number): DataView<ArrayBuffer> {
  const [key, value, attr] = [scratch(4), scratch(size), scratch(32)]
  attr.data.setUint32(0, map.requireFd('read'), true)
  setPointer(attr.data, 8, key.address)
  setPointer(attr.data, 16, value.address)
  const result = bpf(command.mapLookup, attr)
  if (result < 0) throw map.failure('read', -result)
  return value.data
}
