import { requireKnownOptions } from '../ffi/known-options.ts'
import { stateError } from '../host/error.ts'
import { closeFile, constants, openFile, readInto, readText } from '../host/files.ts'
import { tracefs, tracefsFailure } from '../host/tracefs.ts'

/** One line of the kernel's trace. Of lines of another form there is `line` alone. */
export interface TraceLine {
  /** As the kernel wrote it, without the newline. */
  readonly line: string
  /** The thread that ran; `<...>` when the kernel has forgotten its name. */
  readonly task?: string
  /** The thread's number. */
  readonly pid?: number
  readonly cpu?: number
  /** Interrupts, scheduling, preemption: `d..21` (Documentation/trace/ftrace.rst). */
  readonly flags?: string
  /** Of the trace's clock, by default one that goes on from boot. */
  readonly seconds?: number
  /** `bpf_trace_printk` of bpf_printk(). */
  readonly event?: string
  readonly message?: string
  /** How many lines were overwritten before this one, when the kernel says so. */
  readonly lost?: number
}

/**
 * What bpf_printk() in any program writes, line by line, beginning with what waits. The kernel has one such pipe, and
 * gives each line to one reader: read it in one place, to debug. The loop ends by `break` and by the signal; while it
 * waits, it holds the process open, and looks every 10 to 100 ms.
 * @throws {BpfError} at the first step: EACCES when only root may read it; EBUSY when another process does;
 *   `ERR_BPF_UNSUPPORTED` where tracefs is not mounted; `ERR_BPF_STATE` while tracing is turned off
 */
export function tracePipe(
  options: { signal?: AbortSignal | undefined } = {},
): AsyncIterableIterator<TraceLine> {
  requireKnownOptions('tracePipe()', options, ['signal'])
  return lines(options.signal)
}

/** Milliseconds. Polling is no use: the kernel wakes a poller when its buffer is half full (trace.c: trace_poll). */
const shortestWait = 10
const longestWait = 100

async function* lines(signal: AbortSignal | undefined): AsyncGenerator<TraceLine, void, undefined> {
  if (signal?.aborted) return
  const fd = open()
  try {
    const decoder = new TextDecoder()
    const buffer = new Uint8Array(1 << 16)
    let rest = ''
    let wait = shortestWait
    for (;;) {
      if (signal?.aborted) return
      const length = read(fd, buffer)
      if (length === 0) {
        await pause(wait, signal)
        wait = Math.min(longestWait, wait * 2)
        continue
      }
      wait = shortestWait
      const whole = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split(
        '\n',
      )
      rest = whole.pop() ?? ''
      for (const line of whole) {
        if (signal?.aborted) return
        yield parseTraceLine(line)
      }
      // A loop that never lacks a line would starve timers.
      await pause(0, signal)
    }
  } finally {
    closeFile(fd)
  }
}

function open(): number {
  const folder = tracefs('read', 'the trace pipe')
  requireOn(`${folder}/tracing_on`)
  const path = `${folder}/trace_pipe`
  try {
    return openFile(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    throw tracefsFailure('open', path, cause, taken(cause))
  }
}

function taken(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code === 'EBUSY'
    ? 'Another process reads it, and it has one reader at a time: `fuser -v` on it tells which'
    : undefined
}

/** While it is off the kernel writes nothing, and a reader would wait without an end. */
function requireOn(path: string): void {
  let isOn: string
  try {
    isOn = readText(path)
  } catch (cause) {
    throw tracefsFailure('read', path, cause)
  }
  if (isOn.trim() !== '0') return
  throw stateError('read', 'the trace pipe', `tracing is turned off: echo 1 > ${path}, as root`)
}

/** How many bytes came; 0 when nothing waits. */
function read(fd: number, buffer: Uint8Array): number {
  try {
    return readInto(fd, buffer)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw tracefsFailure('read', 'the trace pipe', cause, taken(cause))
  }
}

/** Over at once when the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', over)
      resolve()
    }
    const timer = setTimeout(over, milliseconds)
    signal?.addEventListener('abort', over)
  })
}

/** `  node-1234  [001] d..21  5678.901234: bpf_trace_printk: hello`; with record-tgid a group behind the thread. */
const form =
  /^\s*(.+?)-(\d+)\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d+)\]\s+(\S+)\s+(\d+\.\d+):\s(?:([^\s:]+): )?(.*)$/
const lostForm = /^CPU:(\d+) \[LOST (\d+) EVENTS\]$/

/** @internal */
export function parseTraceLine(line: string): TraceLine {
  const lost = lostForm.exec(line)
  if (lost) return { line, cpu: Number(lost[1]), lost: Number(lost[2]) }
  const fields = form.exec(line)
  if (!fields) return { line }
  const [, task = '', pid, cpu, flags = '', seconds, event, message = ''] = fields
  return {
    line,
    task,
    pid: Number(pid),
    cpu: Number(cpu),
    flags,
    seconds: Number(seconds),
    ...(event === undefined ? {} : { event }),
    message,
  }
}
