import { layoutOfCodec } from '../../codec/checked-layout.ts'
import type { Codec } from '../../codec/codec.ts'
import type { Layout } from '../../codec/layout.ts'
import { BPF_F_RB_OVERWRITE } from '../../uapi/map-flags.ts'
import { ringOf } from '../events/open-rings.ts'
import { requireSubscribeOptions } from '../events/subscribe-options.ts'
import type { SubscribeOptions } from '../events/subscription.ts'
import { EventMap } from './event-map.ts'
import type { MapHandle } from './handle.ts'
import type { MapKind } from './map.ts'
import { setRecordMapSizes } from './record-map-sizes.ts'
import { recordMap } from './requirements.ts'

/** RINGBUF: one ring for all CPUs, with records in the order of their reservation. */
export class RingBuffer<T> extends EventMap<T, SubscribeOptions> {
  readonly #handle: MapHandle

  constructor(handle: MapHandle, layout?: Layout) {
    super(
      handle,
      {
        sources: (operation) => [ringOf(handle, operation)],
        requireOptions: (options) =>
          requireSubscribeOptions('a subscription to a ring buffer', options),
      },
      layout,
    )
    this.#handle = handle
  }

  /** This ring with records as bytes. */
  get raw(): RingBuffer<Uint8Array> {
    return new RingBuffer(this.#handle)
  }

  /** Returns this ring with records of another type. */
  as<U>(codec: Codec<U>): RingBuffer<U> {
    return new RingBuffer<U>(this.#handle, layoutOfCodec('as()', codec))
  }
}

const since = { linux: '6.19', what: 'BPF_F_RB_OVERWRITE', flag: BPF_F_RB_OVERWRITE }

export function ringBuffer<T = Uint8Array>(record?: Layout): MapKind<RingBuffer<T>> {
  return {
    requires: { ...recordMap, since },
    create(handle) {
      setRecordMapSizes(handle)
      return new RingBuffer<T>(handle, record)
    },
  }
}
