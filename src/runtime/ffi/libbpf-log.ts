import { libbpfPrint } from './libbpf.ts'
import type { LogLevel, Message } from './print-buffer.ts'
import { PrintBuffer } from './print-buffer.ts'
import { withProfilerSignalBlocked } from './profiler-signal.ts'

export type { LogLevel } from './print-buffer.ts'

type Listener = (level: LogLevel, message: string) => void
let listener: Listener | undefined

/**
 * Hands over what libbpf says about what it does in this thread's calls, its debug messages included, after each call
 * that it was said in; `undefined` stops.
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

/** A buffer for what libbpf says; undefined where it is silent. */
export function makePrintBuffer(): PrintBuffer | undefined {
  const print = libbpfPrint()
  return print && new PrintBuffer(print.key)
}

let threadBuffer: { readonly buffer: PrintBuffer | undefined } | undefined
let depth = 0

/**
 * Runs one synchronous call into libbpf. Users' functions run after it: one that destroyed a skeleton inside libbpf's
 * own call would pull the memory from under it.
 * @returns `log`: warnings and notes, joined; undefined where libbpf is silent
 */
export function captureLog<R>(call: () => R): { result: R; log: string | undefined } {
  threadBuffer ??= { buffer: makePrintBuffer() }
  const { buffer } = threadBuffer
  if (!buffer) return { result: withProfilerSignalBlocked(call), log: undefined }
  if (depth === 0) buffer.clear()
  const { position: mark } = buffer
  buffer.verbose = wantsDebugMessages()
  const stop = buffer.useOnThisThread()
  depth++
  let messages: Message[] = []
  let result: R
  try {
    result = withProfilerSignalBlocked(call)
  } finally {
    depth--
    stop()
    messages = buffer.messagesSince(mark)
    emitLog(depth === 0 ? messages : [])
  }
  return { result, log: joinMessages(messages) }
}

function wantsDebugMessages(): boolean {
  return listener !== undefined || isDebugging()
}

/** Gets a buffer ready for a call on another thread. */
export function prepareBuffer(buffer: PrintBuffer): void {
  buffer.clear()
  buffer.verbose = wantsDebugMessages()
}

/** Hands what was said to those who listen to all that libbpf says. */
export function emitLog(messages: readonly Message[]): void {
  for (const { level, text } of messages) {
    if (isDebugging()) process.stderr.write(`unplugin-bpf:libbpf ${level} ${text}\n`)
    if (!listener) continue
    const hearer = listener
    queueMicrotask(() => hearer(level, text.replace(/^libbpf: /, '')))
  }
}

/** Warnings and notes, without the prefix that each has. */
export function joinMessages(messages: readonly Message[]): string {
  return messages
    .filter(({ level }) => level !== 'debug')
    .map(({ text }) => text.replace(/^libbpf: /, ''))
    .join('\n')
}
