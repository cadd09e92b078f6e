import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

import { CompileError } from './compile-error.ts'
import { createDebugger } from './debug.ts'

const debug = createDebugger('unplugin-bpf:clang')

/** Milliseconds. A BPF program that compiles longer than this is a compiler that hangs. */
const timeout = 120_000

/** Characters that are read of an output. */
const longest = 64 << 20

export interface Run {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  /** Nothing waits for it: this process may end before, and says nothing of what it says. */
  readonly isBackground?: boolean
}

/**
 * Runs a compiler to its end, whatever its exit code. Throws a CompileError if it cannot be started,
 * is killed, or hangs.
 */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  { isBackground = false }: RunOptions = {},
): Promise<Run> {
  const started = performance.now()
  const child = start(program, args, cwd, isBackground ? 'ignore' : 'pipe')
  if (isBackground) child.unref()
  endWithThisProcess(child)
  const [stdout, stderr] = [textOf(child.stdout), textOf(child.stderr)]
  const killer = setTimeout(() => child.kill('SIGKILL'), timeout).unref()
  child.once('close', () => clearTimeout(killer))
  const [exitCode, signal] = await once(child, 'close').catch((error: unknown) => {
    throw cannotRun(program, error)
  })
  debug?.('%s %s (%d ms)', program, args.join(' '), Math.round(performance.now() - started))
  if (exitCode !== null) return { exitCode, stdout: stdout(), stderr: stderr() }
  throw new CompileError(
    child.killed
      ? `${program} did not end within ${timeout / 1000} s, and was killed`
      : `${program} was killed by ${signal}${lastLines(stderr())}`,
  )
}

function start(
  program: string,
  args: readonly string[],
  cwd: string,
  output: 'ignore' | 'pipe',
): ChildProcess {
  // The C locale, so that the system's own part of a message is English too.
  const env = { ...process.env, LC_ALL: 'C' }
  try {
    return spawn(program, args, { cwd, env, stdio: ['ignore', output, output] })
  } catch (error) {
    throw cannotRun(program, error)
  }
}

const cannotRun = (program: string, error: unknown): CompileError =>
  new CompileError(`Cannot run ${program}: ${String(error)}`, { cause: error })

/** What has been written to it. */
function textOf(stream: Readable | null): () => string {
  let all = ''
  stream?.setEncoding('utf8').on('data', (text: string) => {
    if (all.length < longest) all += text
  })
  return () => all
}

const running = new Set<ChildProcess>()

const killRunning = (): void => running.forEach((child) => child.kill())

function endWithThisProcess(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', killRunning)
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', killRunning)
  })
}

const lastLines = (text: string): string => {
  const lines = text.trimEnd().split('\n').slice(-5).join('\n')
  return lines ? `. Its last words:\n${lines}` : ''
}
