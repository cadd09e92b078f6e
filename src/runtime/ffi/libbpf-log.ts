import { libbpfPrint } from './libbpf.ts'
import type { LogLevel, Message } from './print-buffer.ts'
import { PrintBuffer } from './print-buffer.ts'
import { withProfilerSignalBlocked } from './profiler-signal.ts'

export type { LogLevel } from './print-buffer.ts'

type Listener = (level: LogLevel, message: string) => void
let listener: Listener | undefined

/**
 * Calls `fn` with libbpf's messages, debug messages included, after each call into libbpf that this thread makes;
 * `undefined` stops. libbpf prints nothing by itself.
 */
export function setLog(fn: Listener | undefined): void {
  if (fn !== undefined && typeof fn !== 'function') {
    throw new TypeError(`setLog() takes a function, or undefined to stop, not ${typeof fn}`)
  }
  listener = fn
}

function isDebugging(): boolean {
  return /(^|[\s,])(\*|unplugin-bpf:(\*|libbpf))/.test(process.env['DEBUG'] ?? '')
}

/** Makes a buffer for libbpf's messages; undefined where libbpf is silent. */
export function makePrintBuffer(): PrintBuffer | undefined {
  const print = libbpfPrint()
  return print && new PrintBuffer(print.key)
}

let threadBuffer: { readonly buffer: PrintBuffer | undefined } | undefined
let depth = 0

/**
 * Makes a synchronous call into libbpf and captures its messages. The listener runs after the call: if it destroyed a
 * skeleton while libbpf is still in it, libbpf would use freed memory.
 * @returns `log`: warnings and notes, a line each; undefined where libbpf is silent
 */
export function captureLog<R>(call: () => R): { result: R; log: string | undefined } {
  threadBuffer ??= { buffer: makePrintBuffer() }
  const { buffer } = threadBuffer
  if (!buffer) return { result: withProfilerSignalBlocked(call), log: undefined }
  if (depth === 0) buffer.clear()
  const { position } = buffer
  buffer.verbose = wantsDebugMessages()
  const restore = buffer.useOnThisThread()
  depth++
  let messages: Message[] = []
  let result: R
  try {
    result = withProfilerSignalBlocked(call)
  } finally {
    depth--
    restore()
    messages = buffer.messagesSince(position)
    emitLog(depth === 0 ? messages : [])
  }
  return { result, log: joinMessages(messages) }
}

function wantsDebugMessages(): boolean {
  return listener !== undefined || isDebugging()
}

/** Empties a buffer for a call on another thread. */
export function prepareBuffer(buffer: PrintBuffer): void {
  buffer.clear()
  buffer.verbose = wantsDebugMessages()
}

/** Passes messages on to setLog()'s listener, and to stderr under DEBUG=unplugin-bpf:libbpf. */
export function emitLog(messages: readonly Message[]): void {
  for (const { level, text } of messages) {
    if (isDebugging()) process.stderr.write(`unplugin-bpf:libbpf ${level} ${text}\n`)
    if (!listener) continue
    const fn = listener
    queueMicrotask(() => fn(level, text.replace(/^libbpf: /, '')))
  }
}

/** Joins warnings and notes, without the prefix that each has. */
export function joinMessages(messages: readonly Message[]): string {
  return messages
    .filter(({ level }) => level !== 'debug')
    .map(({ text }) => text.replace(/^libbpf: /, ''))
    .join('\n')
}
