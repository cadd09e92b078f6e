import { BpfError } from '../host/error.ts'
import type { Watch } from './poller.ts'
import { watch } from './poller.ts'
import type { RingMapHandle } from './ring-map-handle.ts'
import { UserRing } from './user-ring.ts'

interface Waiting {
  readonly record: Uint8Array
  sent(): void
  failed(reason: unknown): void
}

const queues = new WeakMap<RingMapHandle, SendQueue>()

/** Returns the queue of a loaded map, one for all objects that send into it. */
export function sendQueueOf(handle: RingMapHandle, operation: string): SendQueue {
  let queue = queues.get(handle)
  if (!queue) {
    queue = new SendQueue(handle, operation)
    queues.set(handle, queue)
    handle.onClose(() => queues.delete(handle))
  }
  return queue
}

/** The records that wait for room in a user ring buffer, in order. */
export class SendQueue {
  readonly #handle: RingMapHandle
  readonly #ring: UserRing
  readonly #waiting: Waiting[] = []
  #watch: Watch | undefined

  constructor(handle: RingMapHandle, operation: string) {
    this.#handle = handle
    this.#ring = new UserRing(handle, operation)
    handle.onClose(() => this.#close())
  }

  canHold(bytes: number): boolean {
    return this.#ring.canHold(bytes)
  }

  /** Sends a record now. False when there is no room, or others wait for it. */
  send(record: Uint8Array): boolean {
    return this.#waiting.length === 0 && this.#ring.send(record)
  }

  /** Sends a record once there is room. Rejects with the signal's reason, or when the map closes. */
  sendLater(record: Uint8Array, signal: AbortSignal | undefined): Promise<void> {
    if (this.send(record)) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        signal?.removeEventListener('abort', abort)
        if (this.#waiting.length > 0) return
        this.#watch?.close()
        this.#watch = undefined
        this.#handle.keepAlive.release(this)
      }
      const waiting: Waiting = {
        record,
        sent() {
          settle()
          resolve()
        },
        failed(reason) {
          settle()
          reject(reason as Error)
        },
      }
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        waiting.failed(signal?.reason)
        // A smaller record may have waited behind this one.
        this.#flush()
      }
      this.#waiting.push(waiting)
      signal?.addEventListener('abort', abort, { once: true })
      this.#handle.keepAlive.hold(this)
      // A drain wakes those that wait to write (kernel/bpf/ringbuf.c: bpf_user_ringbuf_drain), also a drain before this line.
      this.#watch ??= watch({ fd: this.#ring.fd, forWriting: true }, () => this.#flush())
    })
  }

  #flush(): void {
    for (;;) {
      const [next] = this.#waiting
      if (!next) return
      try {
        if (!this.#ring.send(next.record)) return
        this.#waiting.shift()
        next.sent()
      } catch (error) {
        this.#waiting.shift()
        next.failed(error)
      }
    }
  }

  #close(): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.failed(
        new BpfError({
          code: 'ERR_BPF_DESTROYED',
          operation: 'send to',
          object: this.#handle.title,
          reason: 'it was closed while the record waited for room',
        }),
      )
    }
    this.#ring.close()
  }
}
