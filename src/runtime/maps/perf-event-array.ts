import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { Integer } from '../../codec/input.ts'
import { Memo } from '../../codec/intrinsics.ts'
import type { Layout } from '../../codec/layout.ts'
import { requireListener } from '../events/listener-subscription.ts'
import { PerfBuffer } from '../events/perf-buffer.ts'
import type { LostListener } from '../events/perf-ring.ts'
import { requireSubscribeOptions } from '../events/subscribe-options.ts'
import type { SubscribeOptions } from '../events/subscription.ts'
import { constantOf, uint32, uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { close } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { openPerfEvent, perfEventTypes } from '../ffi/perf.ts'
import { stateError } from '../host/error.ts'
import { libbpfPid } from '../programs/libbpf-pid.ts'
import { descriptorSlots } from './descriptor-array.ts'
import type { RecordFeed } from './event-map.ts'
import { EventMap } from './event-map.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { setRecordMapSizes } from './record-map-sizes.ts'
import { descriptorValues } from './requirements.ts'

export interface PerfOptions extends SubscribeOptions {
  /** Called for records that found a CPU's ring full: `({ cpu, count }) => …`. */
  lost?: LostListener | undefined
  /** Pages of each CPU's ring; a power of two, 64 by default. The first subscription decides. */
  pages?: number | undefined
}

/** An event that the kernel counts for bpf_perf_event_read_value(). */
export interface PerfCounter {
  /** `software`, another type of perf_event_open(2), or a PMU's number. */
  type: keyof typeof perfEventTypes | number
  /** The event of that type: 0 is the CPU clock for `software`, cycles for `hardware`. */
  config?: Integer | undefined
  /** Counts this process or thread alone, on any CPU. Left out: every process. */
  pid?: number | 'self' | undefined
  /** Without a pid, the index by default. */
  cpu?: number | undefined
}

const counterNames = ['type', 'config', 'pid', 'cpu']
const defaultPages = 64

const buffers = new Memo<MapHandle, { buffer: PerfBuffer; pages: number }>()

/**
 * PERF_EVENT_ARRAY: a ring for each CPU, from the first subscription on. Records of one CPU are in order. A CPU that comes
 * online later gets its ring within a second; until then bpf_perf_event_output() fails there.
 */
export class PerfEventArray<T> extends EventMap<T, PerfOptions> {
  readonly #handle: MapHandle

  constructor(handle: MapHandle, layout?: Layout) {
    super(handle, recordFeed(handle), layout)
    this.#handle = handle
  }

  /** This array with records as bytes. */
  get raw(): PerfEventArray<Uint8Array> {
    return new PerfEventArray(this.#handle)
  }

  /** Returns this array with records of another type. */
  as<U>(codec: Codec<U>): PerfEventArray<U> {
    return new PerfEventArray<U>(this.#handle, layoutOfCodec('as()', codec))
  }

  /**
   * Puts an event into a slot, which programs read. The array cannot be used for records too: its slots are their rings.
   * @param counter the event to count, or a descriptor of perf_event_open(2)
   * @throws {BpfError} EACCES, ENOENT, … when the kernel does not count it; E2BIG past the last slot
   */
  set(index: number, counter: PerfCounter | number): this {
    if (typeof counter === 'number') {
      descriptorSlots(this.#handle).set(index, counter)
      return this
    }
    requireKnownOptions('set() of a perf event array', counter, counterNames)
    const fd = this.#open(index, counter)
    try {
      descriptorSlots(this.#handle).set(index, fd)
    } finally {
      // The map holds the event.
      close(fd)
    }
    return this
  }

  /** Empties a slot. @returns whether something was in it */
  delete(index: number): boolean {
    return descriptorSlots(this.#handle).delete(index)
  }

  #open(index: number, { type, config = 0, pid, cpu }: PerfCounter): number {
    const event = {
      type:
        typeof type === 'number' ? uint32('type', type) : constantOf('type', perfEventTypes, type),
      config: uint64('config', config),
    }
    const process = libbpfPid(pid)
    const targetCpu = cpu ?? (process === -1 ? uint32('index', index) : -1)
    const fd = openPerfEvent(event, process, targetCpu)
    if (fd >= 0) return fd
    throw this.#handle.failure('open a perf event for', errno())
  }

  /** How many records found a ring full, by CPU. */
  get lost(): readonly number[] {
    return [...(buffers.get(this.#handle)?.buffer.lost ?? [])]
  }
}

function recordFeed(handle: MapHandle): RecordFeed<PerfOptions> {
  return {
    sources: (operation, { pages }) => bufferOf(handle, operation, pages).rings,
    requireOptions(options) {
      const known = ['signal', 'lost', 'pages']
      requireSubscribeOptions('a perf event array subscription', options, known)
      requireListener('lost', options.lost ?? (() => {}))
    },
    onSourceAdded: (callback) => buffers.get(handle)?.buffer.onRing(callback),
    onSubscribe: ({ lost }) => lost && buffers.get(handle)?.buffer.onLost(lost),
  }
}

function bufferOf(handle: MapHandle, operation: string, pages: number | undefined): PerfBuffer {
  const existing = buffers.get(handle)
  if (existing && handle.liveFd >= 0) {
    if (pages === undefined || pages === existing.pages) return existing.buffer
    throw stateError(
      operation,
      handle.title,
      `the first subscription gave its rings ${existing.pages} pages, which cannot be changed`,
    )
  }
  const size = pages ?? defaultPages
  if (!Number.isInteger(size) || size < 1 || (size & (size - 1)) !== 0) {
    throw new RangeError(`pages must be a power of two, not ${size}`)
  }
  const buffer = new PerfBuffer(handle, operation, size)
  buffers.set(handle, { buffer, pages: size })
  return buffer
}

export function perfEventArray<T = Uint8Array>(record?: Layout): MapKind<PerfEventArray<T>> {
  return {
    requires: { ...descriptorValues, holdsRecords: true },
    create(handle) {
      setRecordMapSizes(handle)
      return new PerfEventArray<T>(handle, record)
    },
  }
}
