import type { Integer } from '../../codec/input.ts'
import { constantOf, uint32, uint64 } from '../ffi/arguments.ts'
import { requireKnownOptions } from '../ffi/known-options.ts'
import { fromLibbpf } from '../ffi/libbpf.ts'
import { close, duplicate } from '../ffi/libc.ts'
import { errno } from '../ffi/library.ts'
import { openPerfEvent, perfEventTypes } from '../ffi/perf.ts'
import { EINVAL, ENODEV, ENOENT, EOPNOTSUPP } from '../host/errno.ts'
import { readText } from '../host/files.ts'
import { onlineCpus } from '../host/online-cpus.ts'
import { linkByLibbpf } from '../links/create.ts'
import type { LinkInfoLayouts } from '../links/info.ts'
import { eventLinks } from '../links/info.ts'
import type { Link } from '../links/link.ts'
import { combinedLink } from '../links/native.ts'
import type { NativeLink } from '../links/native.ts'
import { attachOptions } from './attach-options.ts'
import { libbpfPid } from './libbpf-pid.ts'
import { type PerfEventName, perfEventNamed } from './perf-event-names.ts'
import { Program } from './program.ts'

const bpf_program__attach_perf_event_opts = fromLibbpf(
  'ptr bpf_program__attach_perf_event_opts(ptr, int, ptr)',
)

export interface PerfEventCookie {
  /** The value of bpf_get_attach_cookie() in the program. Needs Linux 5.15. */
  cookie?: Integer | undefined
}

export interface PerfEventOptions extends PerfEventCookie {
  /** A type of perf_event_open(2) such as `software`, or the number of a PMU. Default: the type of a named `config`. */
  type?: keyof typeof perfEventTypes | number | undefined
  /** The event of that type: a name such as `cpu-clock`, or its number. Default: 0. */
  config?: Integer | PerfEventName | undefined
  /** Samples per second. */
  frequency?: number | undefined
  /** Events per sample, instead of `frequency`. */
  period?: Integer | undefined
  /** Only this process or thread, on any CPU. Default: every process. */
  pid?: number | 'self' | undefined
  /** Only this CPU. Default: every CPU that is online. */
  cpu?: number | undefined
}

const optionNames = ['type', 'config', 'frequency', 'period', 'pid', 'cpu', 'cookie']

/** BPF_PROG_TYPE_PERF_EVENT: runs at samples of hardware and software counters. */
export class PerfEventProgram extends Program {
  /** Opens an event on each CPU and attaches to all of them. They close with the link. */
  attachPerfEvent(options: PerfEventOptions): Link
  /** @param fd a descriptor of perf_event_open(2), which the caller still owns */
  attachPerfEvent(fd: number, options?: PerfEventCookie): Link
  attachPerfEvent(target: PerfEventOptions | number, options: PerfEventCookie = {}): Link {
    if (typeof target === 'number') {
      requireKnownOptions('attachPerfEvent()', options, ['cookie'])
      // libbpf closes the descriptor with the link (libbpf.c: bpf_link_perf_detach).
      const own = duplicate(target)
      if (own < 0) throw this.failure('attach to a perf event', errno())
      return this.adopt(this.#attachTo(own, options))
    }
    requireKnownOptions('attachPerfEvent()', target, optionNames)
    const pid = libbpfPid(target.pid)
    const cpus =
      target.cpu !== undefined ? [uint32('cpu', target.cpu)] : pid === -1 ? onlineCpus() : [-1]
    const links: NativeLink[] = []
    try {
      for (const cpu of cpus) links.push(this.#attachTo(openEvent(this, target, pid, cpu), target))
    } catch (error) {
      for (const link of links) link.destroy()
      throw error
    }
    return this.adopt(combinedLink(links))
  }

  #attachTo(fd: number, { cookie = 0 }: PerfEventCookie): NativeLink {
    try {
      // struct bpf_perf_event_opts: sz, bpf_cookie.
      const opts = attachOptions(16)
      opts.data.setBigUint64(8, uint64('cookie', cookie), true)
      const attach = bpf_program__attach_perf_event_opts
      return linkByLibbpf(this, 'attach to a perf event', attach, fd, opts)
    } catch (error) {
      close(fd)
      throw error
    }
  }

  /** @internal */
  protected override get linkInfoLayouts(): LinkInfoLayouts {
    return eventLinks
  }
}

/** @throws {TypeError} */
function eventConfig({ type, config = 0 }: PerfEventOptions): { type: number; config: bigint } {
  const named = typeof config === 'string' ? perfEventNamed(config) : { type, config }
  const kind = type ?? named.type
  if (kind === undefined)
    throw new TypeError('attachPerfEvent() needs a type, or the name of an event as config')
  if (named.type !== kind)
    throw new TypeError(`config ${config} is an event of type ${named.type}, not ${kind}`)
  return {
    type: typeof kind === 'number' ? kind : constantOf('type', perfEventTypes, kind),
    config: uint64('config', named.config),
  }
}

/** linux/perf_event.h: PERF_TYPE_HARDWARE, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW. */
const countedByCpu = new Set([0, 3, 4])

function openFailureHint(
  { type, frequency }: { readonly type: number; readonly frequency?: bigint },
  cpu: number,
  errno: number,
): string | undefined {
  if (errno === ENOENT || errno === EOPNOTSUPP) {
    return countedByCpu.has(type)
      ? "This machine does not count that in hardware, as many virtual machines do not: use { config: 'cpu-clock' }"
      : `This kernel has no event source of type ${type}, or not this event of it: /sys/bus/event_source/devices/*/type lists them`
  }
  if (errno !== EINVAL && errno !== ENODEV) return undefined
  const cpus = onlineCpus()
  if (cpu !== -1 && !cpus.includes(cpu)) return `CPU ${cpu} is not online: ${cpus.join(', ')} are`
  const most = BigInt(readText('/proc/sys/kernel/perf_event_max_sample_rate').trim())
  return frequency !== undefined && frequency > most
    ? `A frequency is at most ${most} here (sysctl kernel.perf_event_max_sample_rate)`
    : 'See perf_event_open(2) for what goes together with this event'
}

function openEvent(program: Program, options: PerfEventOptions, pid: number, cpu: number): number {
  const { frequency } = options
  const event = {
    ...eventConfig(options),
    period: uint64('period', options.period ?? 0),
    ...(frequency === undefined ? {} : { frequency: uint64('frequency', frequency) }),
  }
  const fd = openPerfEvent(event, pid, cpu)
  if (fd < 0) {
    const words = `open a perf event on CPU ${cpu} for`
    const failed = errno()
    throw program.failure(words, failed, '', openFailureHint(event, cpu, failed))
  }
  return fd
}
