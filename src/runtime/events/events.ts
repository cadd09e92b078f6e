import { BatchIterator, requireBatchOptions } from './batch-iterator.ts'
import { ListenerSubscription, requireListener } from './listener-subscription.ts'
import { RecordIterator } from './record-iterator.ts'
import { requireSubscribeOptions } from './subscribe-options.ts'
import type {
  BatchOptions,
  SubscriptionRequest,
  RecordMap,
  SubscribeOptions,
  Subscription,
} from './subscription.ts'
import { openingOf } from './subscription.ts'

/** The records of several maps as one stream. */
export interface EventStream<T> extends AsyncIterable<T> {
  /** Calls the listener for each record, until stopped. */
  on(listener: (record: T) => void, options?: SubscribeOptions): Subscription
  /** Records for `for await`, until the signal aborts. */
  records(options?: SubscribeOptions): AsyncIterable<T>
  /** Records by arrays: as many as wait, at most `max`. */
  batches(options?: BatchOptions): AsyncIterable<T[]>
}

type RecordOf<M> = M extends RecordMap<infer T> ? T : never

/**
 * Waits for the records of several ring buffers and perf event arrays at once: `events([trace.maps.execs,
 * trace.maps.exits.as(types.exit)])` gives the records themselves, `events({ exec: …, exit: … })` gives them with the
 * names: `['exec', record]`. Each map keeps its order; among maps they take turns. It ends when all of them have.
 * @throws {TypeError} for what is no map of records
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
  if (typeof maps !== 'object' || maps === null || openingOf(maps)) requireOpening(undefined)
  const given: unknown[] = Array.isArray(maps) ? maps : Object.values(maps)
  if (given.length === 0) throw new TypeError('events() takes at least one map of records')
  const parts = Array.isArray(maps)
    ? given.map(requireOpening)
    : Object.entries(maps).map(([name, map]) => named(name, requireOpening(map)))
  const open = (
    operation: string,
    options: SubscribeOptions = {},
  ): SubscriptionRequest<unknown>[] => {
    requireSubscribeOptions('events()', options)
    return parts.map((opening) => opening(operation))
  }
  return {
    on(listener, options) {
      requireListener('on()', listener)
      return new ListenerSubscription(open('subscribe to', options), listener, options)
    },
    records(options = {}) {
      requireSubscribeOptions('events()', options)
      return {
        [Symbol.asyncIterator]: () => new RecordIterator(open('iterate over', options), options),
      }
    },
    batches(options = {}) {
      const { max, within, ...rest } = options
      requireBatchOptions('batches()', { max, within })
      requireSubscribeOptions('events()', rest)
      return {
        [Symbol.asyncIterator]: () =>
          new BatchIterator(open('iterate over', rest), { signal: rest.signal, max, within }),
      }
    },
    [Symbol.asyncIterator]: () => new RecordIterator(open('iterate over')),
  }
}

type Open = (operation: string) => SubscriptionRequest<unknown>

function requireOpening(map: unknown): Open {
  const open = typeof map === 'object' && map !== null ? openingOf(map) : undefined
  if (open) return open
  throw new TypeError('events() takes ring buffers and perf event arrays, in an array or by name')
}

function named(name: string, open: Open): Open {
  return (operation) => {
    const opening = open(operation)
    const { decoder } = opening
    return {
      ...opening,
      decoder: {
        minimumSize: decoder.minimumSize,
        decode: (memory, offset, length) => [name, decoder.decode(memory, offset, length)],
        skip: (length) => decoder.skip(length),
      },
    }
  }
}
