import type { Integer } from '../codec/input.ts'
import { onlineCpus } from '../cpus/online.ts'
import { close, fcntl } from '../ffi/libc.ts'
import { errno, fromLibbpf } from '../ffi/library.ts'
import { openPerfEvent } from '../ffi/perf.ts'
import { requireKnown } from '../known-options.ts'
import type { Link } from '../links/link.ts'
import { combinedLink, libbpfLink } from '../links/native.ts'
import type { NativeLink } from '../links/native.ts'
import { heard } from '../log.ts'
import { uint64 } from './attach-options.ts'
import { Program } from './program.ts'

const bpf_program__attach_perf_event = fromLibbpf('bpf_program__attach_perf_event', 'uintptr_t', [
  'uintptr_t',
  'int',
])
/** linux/perf_event.h: enum perf_type_id. */
const types = { hardware: 0, software: 1, tracepoint: 2, cache: 3, raw: 4, breakpoint: 5 } as const
/** F_DUPFD_CLOEXEC */
const duplicateClosedOnExec = 1030

export interface PerfEventOptions {
  /** `software`, or one of perf_event_open(2)'s other kinds, or a PMU's number. */
  type: keyof typeof types | number
  /** Which event of the kind: 0 is the CPU clock of `software`, the cycles of `hardware`. */
  config?: Integer
  /** Samples a second. */
  frequency?: number
  /** Or events a sample. */
  period?: Integer
  /** Only this process and thread, on whatever CPU. Left out: every process. */
  pid?: number | 'self'
  /** Only this CPU. Left out: every CPU that is online. */
  cpu?: number
}

/** PERF_EVENT: runs at samples of hardware and software counters. */
export class PerfEventProgram extends Program {
  /** Opens the events itself, one a CPU, and attaches to all of them; they end with the link. */
  attachPerfEvent(options: PerfEventOptions): Link
  /** @param fd of perf_event_open(2), which stays the caller's */
  attachPerfEvent(fd: number): Link
  attachPerfEvent(target: PerfEventOptions | number): Link {
    if (typeof target === 'number') {
      // libbpf closes the descriptor with the link (libbpf.c: bpf_link_perf_detach).
      const own = fcntl(target, duplicateClosedOnExec, 0)
      if (own < 0) throw this.failure('attach to a perf event', errno())
      return this.adopt(this.#attachTo(own))
    }
    requireKnown('attachPerfEvent()', target, [
      'type',
      'config',
      'frequency',
      'period',
      'pid',
      'cpu',
    ])
    const pid = target.pid === 'self' ? 0 : (target.pid ?? -1)
    const cpus = target.cpu !== undefined ? [target.cpu] : pid === -1 ? onlineCpus() : [-1]
    const links: NativeLink[] = []
    try {
      for (const cpu of cpus) links.push(this.#attachTo(openEvent(this, target, pid, cpu)))
    } catch (error) {
      for (const link of links) link.destroy()
      throw error
    }
    return this.adopt(combinedLink(links))
  }

  #attachTo(fd: number): NativeLink {
    const pointer = this.pointer('attach to a perf event')
    const { result, log } = heard(() => {
      const link = bpf_program__attach_perf_event(pointer, fd)
      return { link, errno: link === 0 ? errno() : 0 }
    })
    if (result.link !== 0) return libbpfLink(result.link)
    close(fd)
    throw this.failure('attach to a perf event', result.errno, log)
  }
}

function openEvent(program: Program, options: PerfEventOptions, pid: number, cpu: number): number {
  const type = typeof options.type === 'number' ? options.type : types[options.type]
  if (type === undefined) {
    const known = Object.keys(types).join(', ')
    throw new TypeError(`type is a number or one of ${known}, not ${String(options.type)}`)
  }
  const { frequency } = options
  const event = {
    type,
    config: uint64('config', options.config ?? 0),
    period: uint64('period', options.period ?? 0),
    ...(frequency === undefined ? {} : { frequency: uint64('frequency', frequency) }),
  }
  const fd = openPerfEvent(event, pid, cpu)
  if (fd < 0) throw program.failure(`open a perf event on CPU ${cpu} for`, errno())
  return fd
}
