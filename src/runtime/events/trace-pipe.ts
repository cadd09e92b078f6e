import { requireKnownOptions } from '../ffi/known-options.ts'
import { stateError } from '../host/error.ts'
import { closeFile, constants, openFile, readInto, readText } from '../host/files.ts'
import { tracefs, tracefsFailure } from '../host/tracefs.ts'

/** One line of the kernel's trace. Lines of an unknown form have `line` alone. */
export interface TraceLine {
  /** The text that the kernel wrote, without the newline. */
  readonly line: string
  /** The name of the thread that ran; `<...>` when the kernel no longer knows it. */
  readonly task?: string
  /** The thread's id. */
  readonly pid?: number
  readonly cpu?: number
  /** State of interrupts, scheduling and preemption: `d..21` (Documentation/trace/ftrace.rst). */
  readonly flags?: string
  /** Time of the trace's clock, by default seconds since boot. */
  readonly seconds?: number
  /** `bpf_trace_printk` for lines of bpf_printk(). */
  readonly event?: string
  readonly message?: string
  /** How many lines were overwritten before this one, on lines that say so. */
  readonly lost?: number
}

/**
 * Iterates over the lines that bpf_printk() in any program writes, beginning with those that wait. The kernel has one
 * such pipe and gives each line to one reader: use it to debug, in one process. The loop ends by `break` and by the signal;
 * while it waits, it holds the process open and looks every 10 to 100 ms.
 * @throws {BpfError} at the first step: EACCES when only root may read it; EBUSY when another process does;
 *   `ERR_BPF_UNSUPPORTED` where tracefs is not mounted; `ERR_BPF_STATE` while tracing is turned off
 */
export function tracePipe(
  options: { signal?: AbortSignal | undefined } = {},
): AsyncIterableIterator<TraceLine> {
  requireKnownOptions('tracePipe()', options, ['signal'])
  return lines(options.signal)
}

/** Milliseconds. poll(2) is of no use: the kernel reports readiness when its buffer is half full (trace.c: trace_poll). */
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
      const complete = (rest + decoder.decode(buffer.subarray(0, length), { stream: true })).split(
        '\n',
      )
      rest = complete.pop() ?? ''
      for (const line of complete) {
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
    throw tracefsFailure('open', path, cause, busyHint(cause))
  }
}

function busyHint(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code === 'EBUSY'
    ? 'Another process reads it, and the kernel allows one reader at a time: `fuser -v` on that path names the process'
    : undefined
}

/** While tracing is off the kernel writes nothing, and a reader would wait for ever. @throws {BpfError} */
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

/** Returns how many bytes were read; 0 when none wait. */
function read(fd: number, buffer: Uint8Array): number {
  try {
    return readInto(fd, buffer)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EAGAIN') return 0
    throw tracefsFailure('read', 'the trace pipe', cause, busyHint(cause))
  }
}

/** Waits, or returns at once when the signal aborts. */
function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}

/** `  node-1234  [001] d..21  5678.901234: bpf_trace_printk: hello`; the option record-tgid adds `(1234)` after the id. */
const linePattern =
  /^\s*(.+?)-(\d+)\s+(?:\(\s*(?:\d+|-+)\)\s+)?\[(\d+)\]\s+(\S+)\s+(\d+\.\d+):\s(?:([^\s:]+): )?(.*)$/
const lostPattern = /^CPU:(\d+) \[LOST (\d+) EVENTS\]$/

/** @internal */
export function parseTraceLine(line: string): TraceLine {
  const lost = lostPattern.exec(line)
  if (lost) return { line, cpu: Number(lost[1]), lost: Number(lost[2]) }
  const fields = linePattern.exec(line)
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
