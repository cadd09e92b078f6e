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

/** What a map of maps holds. May be changed between open and load. Sizes in bytes. */
export interface InnerMapSettings {
  /** BPF_MAP_TYPE_ number. */
  type: number
  keySize: number
  valueSize: number
  maxEntries: number
  /** BPF_F_ bits. */
  flags: number
}

/** What a new inner map has of its own; the rest is as the program declares. */
export interface InnerMapOptions {
  /** Arrays: only with the flag BPF_F_INNER_MAP another number than declared. */
  maxEntries?: number | undefined
  /** At most 15 letters, digits, `_` and `.`. */
  name?: string | undefined
}

const settingNames = ['type', 'keySize', 'valueSize', 'maxEntries', 'flags'] as const

/** What the maps in a map are like. */
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
      if (this.#changed && this.#definition) this.#like(createMap(this.#definition))
    })
  }

  /**
   * libbpf's setters would crash: its inner map belongs to no object (libbpf.c: bpf_map__set_max_entries). So changed
   * settings become a map of ours, which libbpf is given as an example.
   */
  settings(operation: string): InnerMapSettings {
    const { life, title } = this.#outer
    this.#outer.requirePointer(operation)
    this.#definition ??= life.stage === 'open' ? declared(this.#outer) : undefined
    const definition = this.#definition
    if (!definition) {
      const reason = 'the program declares none; assign a map to innerMap before load()'
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

  /** The same as a map that exists. */
  useExample(fd: number): void {
    const operation = 'set innerMap of'
    this.#outer.requireOpen(operation)
    const definition = definitionOfLoaded(fd, operation)
    // libbpf takes the number, and needs what is behind it until it has loaded.
    const own = duplicate(fd)
    if (own < 0) throw this.#outer.failure(operation, errno())
    this.#like(own)
    this.#definition = definition
    this.#changed = false
  }

  /** @param ids of those that are there: one of them shows how they are when nothing declares it @returns a descriptor */
  create(options: InnerMapOptions, ids: ReadableMap<unknown, number>): number {
    const operation = 'create an inner map of'
    this.#outer.requireFd(operation)
    this.#definition ??= definitionOfFirst(ids)
    if (this.#definition) {
      const { maxEntries = this.#definition.maxEntries, ...rest } = options
      return createMap({ ...this.#definition, ...rest, maxEntries })
    }
    const reason = 'nothing says what its inner maps are like; BpfMap.create() makes one'
    throw stateError(operation, this.#outer.title, reason)
  }

  /** @param fd of ours */
  #like(fd: number): void {
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
