import { isMainThread } from 'node:worker_threads'

import { koffi } from './koffi.ts'
import { vsnprintf } from './libc.ts'
import type { Call } from './library.ts'
import { fromLibbpf } from './library.ts'

/** libbpf.h: enum libbpf_print_level. */
export type LogLevel = 'warn' | 'info' | 'debug'
export const levels: readonly LogLevel[] = ['warn', 'info', 'debug']

export const setPrint: Call<number> = fromLibbpf('ptr libbpf_set_print(ptr)')

type Listener = (level: LogLevel, message: string) => void
let listener: Listener | undefined

/**
 * Hands over what libbpf says about what it does, its debug messages included, after each call that it was said in;
 * `undefined` stops. In worker threads nothing is heard: libbpf's print function is one a process.
 */
export function setLog(fn: Listener | undefined): void {
  if (fn !== undefined && typeof fn !== 'function') {
    throw new TypeError(`setLog() takes a function, or undefined to stop, not ${typeof fn}`)
  }
  listener = fn
}

function debugging(): boolean {
  return /(^|[\s,])(\*|unplugin-bpf:(\*|libbpf))/.test(process.env['DEBUG'] ?? '')
}

/** Debug messages too. */
export function wantsAll(): boolean {
  return listener !== undefined || debugging()
}

/** One call's share of libbpf's messages. */
export interface Hearing {
  /** Stops listening; warnings and notes, joined. */
  end(): string
}

interface Line {
  level: LogLevel
  text: string
}

const hearings = new Set<Line[]>()
let printer: bigint | undefined
let line: Uint8Array | undefined

/** `int print(enum libbpf_print_level, const char *format, va_list)`: on x64 and arm64 a va_list is passed by address. */
function register(): bigint {
  const { proto, pointer, register } = koffi()
  line = new Uint8Array(8192)
  const type = pointer(proto('int', ['int', 'uintptr_t', 'uintptr_t']))
  return register((level: number, format: number, args: number): number => {
    const name = levels[level] ?? 'debug'
    if (line && (name !== 'debug' || wantsAll())) {
      vsnprintf(line, line.length, format, args)
      const text = new TextDecoder().decode(line.subarray(0, line.indexOf(0))).trimEnd()
      for (const lines of hearings) lines.push({ level: name, text })
    }
    return 0
  }, type)
}

let threads = 0

/**
 * Keeps JavaScript from listening while a thread of ours is in libbpf: its words would wait for the event loop, and the
 * process could not exit until they are heard.
 */
export function deafen(): { end(): void } {
  threads++
  return { end: () => void threads-- }
}

/**
 * Listens to libbpf until `end`. Users' functions run only then: one that destroyed a skeleton inside libbpf's own call
 * would pull the memory from under it.
 */
export function hear(): Hearing {
  if (!isMainThread || threads > 0) return { end: () => '' }
  printer ??= register()
  const lines: Line[] = []
  if (hearings.size === 0) setPrint(printer)
  hearings.add(lines)
  return {
    end() {
      if (hearings.delete(lines) && hearings.size === 0) setPrint(0)
      for (const { level, text } of lines) tell(level, text)
      return lines
        .filter(({ level }) => level !== 'debug')
        .map(({ text }) => text.replace(/^libbpf: /, ''))
        .join('\n')
    },
  }
}

/** Hands it to those who listen to all that libbpf says. */
export function tell(level: LogLevel, text: string): void {
  if (debugging()) process.stderr.write(`unplugin-bpf:libbpf ${level} ${text}\n`)
  if (!listener) return
  const hearer = listener
  queueMicrotask(() => hearer(level, text.replace(/^libbpf: /, '')))
}

/** Runs one synchronous call into libbpf. */
export function heard<R>(call: () => R): { result: R; log: string } {
  const hearing = hear()
  let log = ''
  let result: R
  try {
    result = call()
  } finally {
    log = hearing.end()
  }
  return { result, log }
}
