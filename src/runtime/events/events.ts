import { BatchIterator, requireBatchOptions } from './batch-iterator.ts'
import { ListenerSubscription, requireListener } from './listener-subscription.ts'
import { RecordIterator } from './record-iterator.ts'
import { requireSubscribeOptions } from './subscribe-options.ts'
import type {
  BatchOptions,
  MakeRequest,
  SubscriptionRequest,
  RecordMap,
  SubscribeOptions,
  Subscription,
} from './subscription.ts'
import { requestMakerOf } from './subscription.ts'

/** The records of several maps as one stream. */
export interface EventStream<T> extends AsyncIterable<T> {
  /** Calls the listener for each record, until stopped. */
  on(listener: (record: T) => void, options?: SubscribeOptions): Subscription
  /** Iterates over records with `for await`, until the signal aborts. */
  records(options?: SubscribeOptions): AsyncIterable<T>
  /** Iterates over arrays of records: as many as wait, at most `max`. */
  batches(options?: BatchOptions): AsyncIterable<T[]>
}

type RecordOf<M> = M extends RecordMap<infer T> ? T : never

/**
 * Waits for the records of several ring buffers and perf event arrays at once: `events([trace.maps.execs,
 * trace.maps.exits.as(types.exit)])` gives the records themselves, `events({ exec: …, exit: … })` gives them with the
 * names: `['exec', record]`. Each map keeps its order; among maps they take turns. It ends when all of them have.
 * @throws {TypeError} for a map that has no records
 */
export function events<const M extends readonly RecordMap<unknown>[]>(
  maps: M,
): EventStream<RecordOf<M[number]>>
export function events<M extends Readonly<Record<string, RecordMap<unknown>>>>(
  maps: M,
): EventStream<{ [K in keyof M]: [name: K, record: RecordOf<M[K]>] }[keyof M]>
export function events(
  maps: readonly RecordMap<unknown>[] | Readonly<Record<string, RecordMap<unknown>>>,
): EventStream<unknown> {
  if (typeof maps !== 'object' || maps === null || requestMakerOf(maps)) requireRecordMap(undefined)
  const given: unknown[] = Array.isArray(maps) ? maps : Object.values(maps)
  if (given.length === 0) throw new TypeError('events() takes at least one map')
  const makers = Array.isArray(maps)
    ? given.map(requireRecordMap)
    : Object.entries(maps).map(([name, map]) => named(name, requireRecordMap(map)))
  const requests = (
    operation: string,
    options: SubscribeOptions = {},
  ): SubscriptionRequest<unknown>[] => {
    requireSubscribeOptions('events()', options)
    return makers.map((make) => make(operation))
  }
  return {
    on(listener, options) {
      requireListener('on()', listener)
      return new ListenerSubscription(requests('subscribe to', options), listener, options)
    },
    records(options = {}) {
      requireSubscribeOptions('events()', options)
      return {
        [Symbol.asyncIterator]: () =>
          new RecordIterator(requests('iterate over', options), options),
      }
    },
    batches(options = {}) {
      const { max, within, ...rest } = options
      requireBatchOptions('batches()', { max, within })
      requireSubscribeOptions('events()', rest)
      return {
        [Symbol.asyncIterator]: () =>
          new BatchIterator(requests('iterate over', rest), { signal: rest.signal, max, within }),
      }
    },
    [Symbol.asyncIterator]: () => new RecordIterator(requests('iterate over')),
  }
}

function requireRecordMap(map: unknown): MakeRequest {
  const make = typeof map === 'object' && map !== null ? requestMakerOf(map) : undefined
  if (make) return make
  throw new TypeError(
    'events() takes ring buffers and perf event arrays: an array of them, or an object by name',
  )
}

/** Pairs each record with the map's name. */
function named(name: string, make: MakeRequest): MakeRequest {
  return (operation) => {
    const request = make(operation)
    const { decoder } = request
    return {
      ...request,
      decoder: {
        minimumSize: decoder.minimumSize,
        decode: (memory, offset, length) => [name, decoder.decode(memory, offset, length)],
        skip: (length) => decoder.skip(length),
      },
    }
  }
}
