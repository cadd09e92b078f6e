import { onlineCpus, cpuGeneration } from '../host/online-cpus.ts'
import { openPerfRing } from './open-perf-ring.ts'
import type { LostListener, LostRecords, PerfRing } from './perf-ring.ts'
import type { RingMapHandle } from './ring-map-handle.ts'

type RingListener = (ring: PerfRing) => void

/**
 * Milliseconds between two looks for CPUs that came online, a stat() of each: the kernel announces them by netlink alone,
 * which containers do not get.
 */
const scanInterval = 1000

interface Cpu {
  readonly generation: number
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
  #lastScan = performance.now()

  /** @param pages of each CPU's ring, of the machine's page size; a power of two */
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
    if (performance.now() - this.#lastScan > scanInterval) this.#scan()
    return this.#rings
  }

  /** Adds a listener for records that found a ring full. @returns what removes it */
  onLost(listener: LostListener): () => void {
    return addListener(this.#lostListeners, (lost) => listener(lost))
  }

  /** Adds a listener for rings of CPUs that come online. @returns what removes it */
  onRing(listener: RingListener): () => void {
    const remove = addListener(this.#ringListeners, (ring) => listener(ring))
    this.#timer ??= setInterval(() => this.#scan(), scanInterval).unref()
    return () => {
      remove()
      if (this.#ringListeners.size === 0) this.#stopTimer()
    }
  }

  #open(cpu: number, generation: number): PerfRing | undefined {
    if (cpu >= this.#maxEntries) return undefined
    // Before opening: a CPU whose ring fails to open is tried again after it was offline, not at every scan.
    this.#cpus.set(cpu, { generation, ring: undefined })
    const ring = openPerfRing(this.#handle, cpu, this.#pages, (lost) => this.#count(lost))
    if (!ring) return undefined
    this.#cpus.set(cpu, { generation, ring })
    this.lost[cpu] ??= 0
    this.#rings = [...this.#rings, ring]
    return ring
  }

  #scan(): void {
    this.#lastScan = performance.now()
    const online = new Set(onlineCpus())
    for (const cpu of this.#cpus.keys()) if (!online.has(cpu)) this.#cpus.delete(cpu)
    for (const cpu of online) {
      const generation = cpuGeneration(cpu)
      if (this.#cpus.get(cpu)?.generation === generation) continue
      try {
        const ring = this.#open(cpu, generation)
        if (ring) for (const listener of this.#ringListeners) listener(ring)
      } catch (error) {
        // Nobody called: the process may have given up its privileges since.
        process.emitWarning(error as Error)
      }
    }
    for (const ring of this.#rings) {
      if (this.#cpus.get(ring.cpu)?.ring === ring || !ring.isDrained) continue
      this.#rings = this.#rings.filter((other) => other !== ring)
      ring.close()
    }
  }

  #count({ cpu, count }: LostRecords): void {
    this.lost[cpu] = (this.lost[cpu] ?? 0) + count
    // A new object for each: a listener may change its own.
    for (const listener of this.#lostListeners) listener({ cpu, count })
  }

  #stopTimer(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #close(): void {
    this.#stopTimer()
    for (const ring of this.#rings) ring.close()
  }
}

/** @param listener a new function, so that a user may give one function twice @returns what removes it */
function addListener<L>(listeners: Set<L>, listener: L): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}
