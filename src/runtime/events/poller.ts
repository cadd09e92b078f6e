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
export interface Watched {
  readonly fd: number
  /**
   * Whether asking if it is readable makes it forget that it was (kernel/events/core.c: perf_poll). libuv's
   * question of the private descriptor already asks, so such a one is called at each wake-up of any.
   */
  readonly forgetful?: boolean
  /** To write to, instead of to read from. */
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

/** Between two looks by the timer, from busy to idle, in milliseconds. */
const shortestWait = 1
const longestWait = 20

let shared: Poller | undefined

/**
 * Whether libuv can wait for a descriptor here. A worker that is terminated while libuv polls for it crashes the process;
 * Bun aborts in uv_poll_init_socket, and Deno sometimes never wakes up.
 */
function canPoll(): boolean {
  return isMainThread && !('bun' in process.versions) && !('deno' in process.versions)
}

/**
 * Calls `ready` whenever the descriptor becomes ready: soon if it is, later at each new wake-up (edge-triggered).
 */
export function watch(watched: Watched, ready: () => void): Watch {
  shared ??= new Poller()
  return shared.add(watched, ready)
}

/**
 * One private epoll descriptor a thread, which nobody else can close: libuv aborts the process when what it polls is
 * closed, invalid or polled twice.
 */
class Poller {
  readonly #fd: number
  readonly #events: Scratch = scratch(eventSize * eventsAtOnce)
  readonly #ready = new Map<number, () => void>()
  readonly #forgetful = new Map<number, () => void>()
  #handle: ReturnType<ReturnType<typeof koffi>['node']['poll']> | undefined
  #next = 1
  #timer: NodeJS.Timeout | undefined
  #wait = shortestWait
  readonly #timed = !canPoll()

  constructor() {
    this.#fd = epollCreate(EPOLL_CLOEXEC)
    if (this.#fd < 0) throw new BpfError({ operation: 'wait for events', errno: errno() })
    if (!this.#timed) {
      // Kept: koffi closes a handle that is garbage-collected.
      this.#handle = koffi().node.poll(this.#fd, { readable: true }, () => this.#collect())
      // What waits holds the process by itself (keep-alive.ts).
      this.#handle.unref()
    }
  }

  add({ fd, forgetful = false, forWriting = false }: Watched, ready: () => void): Watch {
    const token = this.#next++
    const event = scratch(eventSize)
    event.data.setUint32(0, (forWriting ? EPOLLOUT : EPOLLIN) | EPOLLET, true)
    event.data.setUint32(eventDataOffset, token, true)
    if (epollControl(this.#fd, EPOLL_CTL_ADD, fd, event.buffer) < 0) {
      throw new BpfError({ operation: 'wait for', object: `descriptor ${fd}`, errno: errno() })
    }
    const waiting = forgetful ? this.#forgetful : this.#ready
    waiting.set(token, ready)
    if (this.#timed) this.#tick()
    return {
      close: () => {
        if (!waiting.delete(token)) return
        epollControl(this.#fd, EPOLL_CTL_DEL, fd, null)
        if (this.#timed && !this.#isWaiting()) this.#end()
      },
    }
  }

  #isWaiting(): boolean {
    return this.#ready.size + this.#forgetful.size > 0
  }

  /** Descriptors are the process's: what a worker leaves open when it ends stays so. */
  #end(): void {
    clearTimeout(this.#timer)
    close(this.#fd)
    if (shared === this) shared = undefined
  }

  /** Looks at the descriptors by a timer, where libuv cannot wait for them. */
  #tick(): void {
    if (this.#timer || !this.#isWaiting()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#wait = this.#collect() > 0 ? shortestWait : Math.min(longestWait, this.#wait * 2)
      this.#tick()
    }, this.#wait).unref()
  }

  #collect(): number {
    const count = epollWait(this.#fd, this.#events.address, eventsAtOnce, 0)
    for (let index = 0; index < count; index++) {
      const token = this.#events.data.getUint32(index * eventSize + eventDataOffset, true)
      call(this.#ready.get(token))
    }
    for (const ready of this.#forgetful.values()) call(ready)
    return count
  }
}

function call(ready: (() => void) | undefined): void {
  try {
    ready?.()
  } catch (error) {
    uncaught(error)
  }
}

/** Ends the process like any uncaught error. Thrown in libuv's callback it would only kill the poll handle, in silence. */
export function uncaught(error: unknown): void {
  setImmediate(() => {
    throw error
  })
}
