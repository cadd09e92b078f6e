import { onlineCpus, cpuGeneration } from '../host/online-cpus.ts'
import { openPerfRing } from './perf-output.ts'
import type { LostListener, LostRecords, PerfRing } from './perf-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'

type RingListener = (ring: PerfRing) => void

/**
 * How often CPUs that came online are looked for, in milliseconds: a stat() of each. The kernel tells of them by
 * netlink alone, which containers do not get.
 */
const scanEvery = 1000

interface Cpu {
  readonly start: number
  readonly ring: PerfRing | undefined
}

/**
 * The rings of a perf event array, one a CPU that is online, from the first subscriber until the map closes. The ring
 * of a CPU that goes offline ends (kernel/events/core.c: perf_event_exit_cpu), and stays until it is read.
 */
export class PerfBuffer {
  readonly lost: number[] = []
  readonly #handle: RingMapHandle
  readonly #pages: number
  readonly #maxEntries: number
  readonly #cpus = new Map<number, Cpu>()
  readonly #lostListeners = new Set<LostListener>()
  readonly #ringListeners = new Set<RingListener>()
  #rings: readonly PerfRing[] = []
  #timer: NodeJS.Timeout | undefined
  #scanned = performance.now()

  /** @param pages of 4 kB or what the machine has, a CPU; a power of two */
  constructor(handle: RingMapHandle, operation: string, pages: number) {
    this.#handle = handle
    this.#pages = pages
    this.#maxEntries = handle.info(operation).maxEntries
    handle.onClose(() => this.#close())
    try {
      for (const cpu of onlineCpus()) this.#open(cpu, cpuGeneration(cpu))
    } catch (error) {
      this.#close()
      throw error
    }
  }

  get rings(): readonly PerfRing[] {
    if (performance.now() - this.#scanned > scanEvery) this.#scan()
    return this.#rings
  }

  /** Is told of records that found a ring full. */
  onLost(listener: LostListener): () => void {
    return added(this.#lostListeners, (lost) => listener(lost))
  }

  /** Is told of rings of CPUs that come online. */
  onRing(listener: RingListener): () => void {
    const leave = added(this.#ringListeners, (ring) => listener(ring))
    this.#timer ??= setInterval(() => this.#scan(), scanEvery).unref()
    return () => {
      leave()
      if (this.#ringListeners.size === 0) this.#rest()
    }
  }

  #open(cpu: number, start: number): PerfRing | undefined {
    if (cpu >= this.#maxEntries) return undefined
    // First: what fails is tried again when the CPU was offline, not each time.
    this.#cpus.set(cpu, { start, ring: undefined })
    const ring = openPerfRing(this.#handle, cpu, this.#pages, (lost) => this.#count(lost))
    if (!ring) return undefined
    this.#cpus.set(cpu, { start, ring })
    this.lost[cpu] ??= 0
    this.#rings = [...this.#rings, ring]
    return ring
  }

  #scan(): void {
    this.#scanned = performance.now()
    const online = new Set(onlineCpus())
    for (const cpu of this.#cpus.keys()) if (!online.has(cpu)) this.#cpus.delete(cpu)
    for (const cpu of online) {
      const start = cpuGeneration(cpu)
      if (this.#cpus.get(cpu)?.start === start) continue
      try {
        const ring = this.#open(cpu, start)
        if (ring) for (const listener of this.#ringListeners) listener(ring)
      } catch (error) {
        // Nobody called: the process may have given up its privileges since.
        process.emitWarning(error as Error)
      }
    }
    for (const ring of this.#rings) {
      if (this.#cpus.get(ring.cpu)?.ring === ring || !ring.isRead) continue
      this.#rings = this.#rings.filter((other) => other !== ring)
      ring.close()
    }
  }

  #count({ cpu, count }: LostRecords): void {
    this.lost[cpu] = (this.lost[cpu] ?? 0) + count
    // An object each: what one listener does to its own is not the others'.
    for (const listener of this.#lostListeners) listener({ cpu, count })
  }

  #rest(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #close(): void {
    this.#rest()
    for (const ring of this.#rings) ring.close()
  }
}

/** A listener of its own, so that one function may be given twice. @returns what takes it back */
function added<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
