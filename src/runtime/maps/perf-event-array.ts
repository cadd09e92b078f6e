import type { Codec } from '../codec/codec.ts'
import type { Layout } from '../codec/layout.ts'
import { stateError } from '../error.ts'
import type { LostListener } from '../events/perf-buffer.ts'
import { PerfBuffer } from '../events/perf-buffer.ts'
import type { SubscribeOptions } from '../events/records.ts'
import type { Source } from '../events/source.ts'
import { requireKnown } from '../known-options.ts'
import { EventMap } from './event-map.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { setRecordSize } from './record-size.ts'

export interface PerfOptions extends SubscribeOptions {
  /** Is told how many records of a CPU found its ring full. */
  lost?: LostListener
  /** Of data, each CPU's ring; a power of two, 64 by default. The first subscriber decides. */
  pages?: number
}

const defaultPages = 64

const buffers = new WeakMap<MapHandle, { buffer: PerfBuffer; pages: number }>()

/** PERF_EVENT_ARRAY: a ring a CPU, from the first subscriber on. Records of one CPU are in order. */
export class PerfEventArray<T> extends EventMap<T, PerfOptions> {
  readonly #handle: MapHandle

  constructor(handle: MapHandle, layout?: Layout) {
    super(handle, layout)
    this.#handle = handle
  }

  /** The same array with records as bytes. */
  get raw(): PerfEventArray<Uint8Array> {
    return new PerfEventArray(this.#handle)
  }

  /** The same array with records of another type. */
  as<U>(codec: Codec<U>): PerfEventArray<U> {
    return new PerfEventArray<U>(this.#handle, codec.layout)
  }

  /** Records that found a ring full, by CPU. */
  get lost(): readonly number[] {
    return [...(buffers.get(this.#handle)?.buffer.lost ?? [])]
  }

  protected sources(operation: string, { pages }: PerfOptions): readonly Source[] {
    return this.#buffer(operation, pages).rings
  }

  protected requireOptions(options: PerfOptions): void {
    requireKnown('a perf event array subscription', options, ['signal', 'lost', 'pages'])
  }

  protected override joined({ lost }: PerfOptions): (() => void) | undefined {
    return lost && buffers.get(this.#handle)?.buffer.onLost(lost)
  }

  #buffer(operation: string, pages: number | undefined): PerfBuffer {
    const made = buffers.get(this.#handle)
    if (made && this.#handle.liveFd >= 0) {
      if (pages === undefined || pages === made.pages) return made.buffer
      throw stateError(
        operation,
        this.#handle.title,
        `its rings have ${made.pages} pages since the first subscription`,
      )
    }
    const size = pages ?? defaultPages
    if (!Number.isInteger(size) || size < 1 || (size & (size - 1)) !== 0) {
      throw new RangeError(`pages must be a power of two, not ${size}`)
    }
    const buffer = new PerfBuffer(this.#handle, operation, size)
    buffers.set(this.#handle, { buffer, pages: size })
    return buffer
  }
}

export function perfEventArray<T = Uint8Array>(record?: Layout): MapKind<PerfEventArray<T>> {
  return {
    create(handle) {
      setRecordSize(handle, 4)
      return new PerfEventArray<T>(handle, record)
    },
  }
}
