import { isMainThread } from 'node:worker_threads'

import { koffi } from '../ffi/koffi.ts'
import {
  close,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  epollControl,
  epollCreate,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  epollWait,
} from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import type { Scratch } from '../ffi/memory.ts'
import { scratch } from '../ffi/memory.ts'
import { BpfError } from '../host/error.ts'

/** A descriptor to wait for. */
export interface WatchTarget {
  readonly fd: number
  /**
   * Whether poll() clears the readiness that it reports (kernel/events/core.c: perf_poll). libuv's poll of the private
   * descriptor already does, so the callback of such a descriptor runs at each wake-up of any.
   */
  readonly clearsReadiness?: boolean
  /** Waits until it is writable instead of readable. */
  readonly forWriting?: boolean
}

export interface Watch {
  /** Must be called before the descriptor closes. */
  close(): void
}

/** sys/epoll.h: struct epoll_event is packed on x64 alone. */
const eventSize = process.arch === 'x64' ? 12 : 16
const eventDataOffset = eventSize - 8
const eventsAtOnce = 64

/** Milliseconds between two looks by the timer: while busy, and while idle. */
const shortestInterval = 1
const longestInterval = 20

let shared: Poller | undefined

/**
 * Whether libuv can wait for a descriptor here. A worker that is terminated while libuv polls for it crashes the process;
 * Bun aborts in uv_poll_init_socket, and Deno sometimes never wakes up.
 */
function canPoll(): boolean {
  return isMainThread && !('bun' in process.versions) && !('deno' in process.versions)
}

/**
 * Calls `ready` soon if the descriptor is ready now, and then at each new wake-up (edge-triggered).
 */
export function watch(target: WatchTarget, ready: () => void): Watch {
  shared ??= new Poller()
  return shared.add(target, ready)
}

/**
 * One private epoll descriptor a thread, which nobody else can close: libuv aborts the process when what it polls is
 * closed, invalid or polled twice.
 */
class Poller {
  readonly #fd: number
  readonly #events: Scratch = scratch(eventSize * eventsAtOnce)
  readonly #ready = new Map<number, () => void>()
  readonly #askedEachTime = new Map<number, () => void>()
  #handle: ReturnType<ReturnType<typeof koffi>['node']['poll']> | undefined
  #next = 1
  #timer: NodeJS.Timeout | undefined
  #interval = shortestInterval
  readonly #usesTimer = !canPoll()

  constructor() {
    this.#fd = epollCreate(EPOLL_CLOEXEC)
    if (this.#fd < 0) throw new BpfError({ operation: 'wait for events', errno: errno() })
    if (!this.#usesTimer) {
      // Referenced: koffi closes a handle that is garbage-collected.
      this.#handle = koffi().node.poll(this.#fd, { readable: true }, () => this.#callReady())
      // Subscriptions hold the process open themselves (keep-alive.ts).
      this.#handle.unref()
    }
  }

  add(
    { fd, clearsReadiness: forgetful = false, forWriting = false }: WatchTarget,
    ready: () => void,
  ): Watch {
    const token = this.#next++
    const event = scratch(eventSize)
    event.data.setUint32(0, (forWriting ? EPOLLOUT : EPOLLIN) | EPOLLET, true)
    event.data.setUint32(eventDataOffset, token, true)
    if (epollControl(this.#fd, EPOLL_CTL_ADD, fd, event.buffer) < 0) {
      throw new BpfError({ operation: 'wait for', object: `descriptor ${fd}`, errno: errno() })
    }
    const waiting = forgetful ? this.#askedEachTime : this.#ready
    waiting.set(token, ready)
    if (this.#usesTimer) this.#tick()
    return {
      close: () => {
        if (!waiting.delete(token)) return
        epollControl(this.#fd, EPOLL_CTL_DEL, fd, null)
        if (this.#usesTimer && !this.#isWaiting()) this.#end()
      },
    }
  }

  #isWaiting(): boolean {
    return this.#ready.size + this.#askedEachTime.size > 0
  }

  /** Closes the epoll descriptor: one that a worker leaves open stays open after the worker ends. */
  #end(): void {
    clearTimeout(this.#timer)
    close(this.#fd)
    if (shared === this) shared = undefined
  }

  /** Starts the timer that looks at the descriptors, where libuv cannot wait for them. */
  #tick(): void {
    if (this.#timer || !this.#isWaiting()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#interval =
        this.#callReady() > 0 ? shortestInterval : Math.min(longestInterval, this.#interval * 2)
      this.#tick()
    }, this.#interval).unref()
  }

  /** Calls back for each ready descriptor. @returns how many there were */
  #callReady(): number {
    const count = epollWait(this.#fd, this.#events.address, eventsAtOnce, 0)
    for (let index = 0; index < count; index++) {
      const token = this.#events.data.getUint32(index * eventSize + eventDataOffset, true)
      call(this.#ready.get(token))
    }
    for (const ready of this.#askedEachTime.values()) call(ready)
    return count
  }
}

function call(ready: (() => void) | undefined): void {
  try {
    ready?.()
  } catch (error) {
    throwUncaught(error)
  }
}

/** Throws an error as uncaught. Thrown in libuv's callback, it would only end the poll handle, in silence. */
export function throwUncaught(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
