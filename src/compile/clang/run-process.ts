import { CompileError } from '../compile-error.ts'
import { createDebugger } from '../debug.ts'

const debug = createDebugger('unplugin-bpf:clang')

/** Milliseconds. A compiler that takes longer for a BPF program hangs. */
const timeout = 120_000

export interface ProcessResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProcessOptions {
  /** Set if nothing waits for the process: this one may end first, and the output is discarded. */
  readonly isBackground?: boolean
}

/**
 * Runs a compiler to its end, whatever its exit code.
 *
 * @throws CompileError if it cannot be started, is killed, or hangs
 */
export async function runProcess(
  program: string,
  args: readonly string[],
  cwd: string,
  { isBackground = false }: ProcessOptions = {},
): Promise<ProcessResult> {
  // Imported late: a build from the cache starts no process and does not pay for execa.
  const { execa } = await import('execa')
  const started = performance.now()
  const child = execa(program, args, {
    cwd,
    // The C locale makes the system's part of a message English too.
    env: { LC_ALL: 'C' },
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    maxBuffer: 64 << 20,
    // Pipes and timers would keep this process running, as the child itself does.
    ...(isBackground ? { stdout: 'ignore', stderr: 'ignore' } : { timeout }),
  })
  const killer = isBackground ? setTimeout(() => child.kill(), timeout).unref() : undefined
  if (isBackground) child.unref()
  const result = await child
  clearTimeout(killer)
  debug?.('%s %s (%d ms)', program, args.join(' '), Math.round(performance.now() - started))
  const { exitCode, stdout = '', stderr = '' } = result
  if (exitCode !== undefined) return { exitCode, stdout, stderr }
  if (result.timedOut) {
    throw new CompileError(`${program} did not end within ${timeout / 1000} s and was killed`)
  }
  if (result.signal) {
    throw new CompileError(`${program} was killed by ${result.signal}${lastLines(stderr)}`)
  }
  throw new CompileError(`cannot run ${program}: ${result.originalMessage ?? result.message}`)
}

const lastLines = (text: string): string => {
  const lines = text.trimEnd().split('\n').slice(-5).join('\n')
  return lines ? `. Its last output:\n${lines}` : ''
}
