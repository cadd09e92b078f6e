import { privilegeHint } from '../capabilities.ts'
import { onlineCpus } from '../cpus/online.ts'
import { BpfError } from '../error.ts'
import { bpf, command } from '../ffi/bpf.ts'
import { ENODEV } from '../ffi/errno.ts'
import { close } from '../ffi/libc.ts'
import { errno, fromLibc } from '../ffi/library.ts'
import { scratch, setPointer } from '../ffi/memory.ts'
import { openPerfEvent } from '../ffi/perf.ts'
import type { MapHandle } from '../maps/handle.ts'
import { PerfRing } from './perf-ring.ts'

const ioctl = fromLibc('ioctl', 'int', ['int', 'long', 'long'])
/** linux/perf_event.h */
const enable = 0x2400
const software = 1
const bpfOutput = 10n
const sampleRaw = 1n << 10n

export type LostListener = (cpu: number, count: number) => void

/** The rings of a perf event array, one a CPU that is online, from the first subscriber until the map closes. */
export class PerfBuffer {
  readonly rings: PerfRing[] = []
  readonly lost: number[] = []
  readonly #listeners = new Set<LostListener>()

  /** @param pages of 4 kB or what the machine has, a CPU; a power of two */
  constructor(handle: MapHandle, operation: string, pages: number) {
    const { maxEntries } = handle.info(operation)
    handle.onClose(() => this.#close())
    try {
      for (const cpu of onlineCpus()) {
        if (cpu >= maxEntries) continue
        const fd = openOutput(handle, cpu)
        if (fd === undefined) continue
        this.lost[cpu] = 0
        try {
          this.rings.push(new PerfRing(cpu, fd, pages, (at, count) => this.#count(at, count)))
        } catch (error) {
          close(fd)
          throw error
        }
        give(handle, cpu, fd)
        ioctl(fd, enable, 0)
      }
    } catch (error) {
      this.#close()
      throw error
    }
  }

  /** Is told of records that found a ring full. */
  onLost(listener: LostListener): () => void {
    // Of its own, so that one function may be given twice.
    const own: LostListener = (cpu, count) => listener(cpu, count)
    this.#listeners.add(own)
    return () => this.#listeners.delete(own)
  }

  #count(cpu: number, count: number): void {
    this.lost[cpu] = (this.lost[cpu] ?? 0) + count
    for (const listener of this.#listeners) listener(cpu, count)
  }

  #close(): void {
    for (const ring of this.rings) ring.close()
  }
}

/** Undefined when the CPU went offline since it was listed. */
function openOutput(handle: MapHandle, cpu: number): number | undefined {
  const fd = openPerfEvent(
    { type: software, config: bpfOutput, period: 1n, sampleType: sampleRaw, wakeupEvents: 1 },
    -1,
    cpu,
  )
  if (fd >= 0) return fd
  const failed = errno()
  if (failed === ENODEV) return undefined
  throw new BpfError({
    operation: `open the ring of CPU ${cpu} for`,
    object: handle.title,
    errno: failed,
    hint: privilegeHint(failed),
  })
}

/** The map's element of a CPU is where programs on it write. */
function give(handle: MapHandle, cpu: number, fd: number): void {
  const [key, value, attr] = [scratch(4), scratch(4), scratch(32)]
  key.data.setUint32(0, cpu, true)
  value.data.setUint32(0, fd, true)
  attr.data.setUint32(0, handle.requireFd('subscribe to'), true)
  setPointer(attr.data, 8, key.address)
  setPointer(attr.data, 16, value.address)
  const result = bpf(command.mapUpdate, attr)
  if (result < 0) throw handle.failure('set an element of', -result)
}
