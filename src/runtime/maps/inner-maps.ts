import { uint32 } from '../ffi/arguments.ts'
import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { bpf_map__inner_map, bpf_map__set_inner_map_fd } from '../ffi/object.ts'
import { ENOENT } from '../host/errno.ts'
import { stateError } from '../host/error.ts'
import type { MapDefinition } from './create.ts'
import { createMap } from './create.ts'
import { definitionOfDeclared, definitionOfLoaded } from './definition.ts'
import type { MapHandle } from './handle.ts'
import { openId } from './open.ts'
import type { ReadableMap } from './readable.ts'
import { recordMapSizes } from './record-map-sizes.ts'

/** The definition of the inner maps, which may be changed between open and load. Sizes in bytes. */
export interface InnerMapSettings {
  /** BPF_MAP_TYPE_ number. */
  type: number
  keySize: number
  valueSize: number
  maxEntries: number
  /** BPF_F_ bits. */
  flags: number
}

/** In what a new inner map may differ from the declared one. */
export interface InnerMapOptions {
  /** The declared number by default. Arrays may have another one only with the flag BPF_F_INNER_MAP. */
  maxEntries?: number | undefined
  /** At most 15 letters, digits, `_` and `.`. */
  name?: string | undefined
}

const settingNames = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const

/** The definition of the inner maps of a map of maps. */
export class InnerMaps {
  readonly #outer: MapHandle
  #definition: MapDefinition | undefined
  #changed = false

  constructor(outer: MapHandle) {
    this.#outer = outer
    outer.onLoading(() => {
      this.#definition ??= declared(outer)
      const definition = this.#definition
      const sizes = definition && recordMapSizes(definition.type)
      if (
        sizes &&
        (sizes.keySize !== definition.keySize || sizes.valueSize !== definition.valueSize)
      ) {
        this.#definition = { ...definition, ...sizes }
        this.#changed = true
      }
      if (this.#changed && this.#definition) this.#setInnerMapFd(createMap(this.#definition))
    })
  }

  /**
   * Returns settings that may be changed. libbpf's setters would crash, because its inner map belongs to no object
   * (libbpf.c: bpf_map__set_max_entries): so a map is created with changed settings, and given to libbpf as an example.
   */
  settings(operation: string): InnerMapSettings {
    const { life, title } = this.#outer
    this.#outer.requirePointer(operation)
    this.#definition ??= life.stage === 'open' ? declared(this.#outer) : undefined
    const definition = this.#definition
    if (!definition) {
      const reason = 'the C declares no inner map; assign a map to innerMap before load()'
      throw stateError(operation, title, reason)
    }
    const settings = {}
    for (const name of settingNames) {
      Object.defineProperty(settings, name, {
        enumerable: true,
        get: () => this.#definition?.[name] ?? 0,
        set: (value: number) => {
          life.requireOpen(`set innerMap.${name} of`, title)
          this.#definition = { ...definition, ...this.#definition, [name]: uint32(name, value) }
          this.#changed = true
        },
      })
    }
    return Object.seal(settings) as InnerMapSettings
  }

  /** Takes the definition of a map that exists. */
  useExample(fd: number): void {
    const operation = 'set innerMap of'
    this.#outer.requireOpen(operation)
    const definition = definitionOfLoaded(fd, operation)
    // libbpf keeps the number of the descriptor, which must stay open until it has loaded.
    const copy = duplicate(fd)
    if (copy < 0) throw this.#outer.failure(operation, errno())
    this.#setInnerMapFd(copy)
    this.#definition = definition
    this.#changed = false
  }

  /**
   * Creates an inner map.
   * @param ids of the inner maps there are: the first is the example where the C declares none
   * @returns a descriptor, which the caller closes
   * @throws {BpfError}
   */
  create(options: InnerMapOptions, ids: ReadableMap<unknown, number>): number {
    const operation = 'create an inner map of'
    this.#outer.requireFd(operation)
    this.#definition ??= definitionOfFirst(ids)
    if (this.#definition) {
      const { maxEntries = this.#definition.maxEntries, ...rest } = options
      return createMap({ ...this.#definition, ...rest, maxEntries })
    }
    const reason = 'it has no inner map to take as an example; create one by BpfMap.create()'
    throw stateError(operation, this.#outer.title, reason)
  }

  /** @param fd a descriptor, which the outer map closes */
  #setInnerMapFd(fd: number): void {
    this.#outer.onClose(() => close(fd))
    const result = bpf_map__set_inner_map_fd(this.#outer.pointer, fd)
    if (result < 0) throw this.#outer.failure('set innerMap of', -result)
  }
}

function declared({ pointer }: MapHandle): MapDefinition | undefined {
  const inner = pointer === 0 ? 0 : bpf_map__inner_map(pointer)
  return inner === 0 ? undefined : definitionOfDeclared(inner)
}

function definitionOfFirst(ids: ReadableMap<unknown, number>): MapDefinition | undefined {
  for (const id of ids.values()) {
    const fd = openId(id)
    if (fd === -ENOENT) continue
    if (fd < 0) return undefined
    try {
      return definitionOfLoaded(fd, 'create an inner map like')
    } finally {
      close(fd)
    }
  }
  return undefined
}
