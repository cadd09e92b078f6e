import { CompileError } from '../compile-error.ts'
import { createDebugger } from '../debug.ts'

const debug = createDebugger('unplugin-bpf:clang')

/** Milliseconds. A BPF program that compiles longer than this is a compiler that hangs. */
const timeout = 120_000

export interface ProcessResult {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProcessOptions {
  /** Nothing waits for it: this process may end before, and says nothing of what it says. */
  readonly isBackground?: boolean
}

/**
 * Runs a compiler to its end, whatever its exit code. Throws a CompileError if it cannot be started,
 * is killed, or hangs.
 */
export async function runProcess(
  program: string,
  args: readonly string[],
  cwd: string,
  { isBackground = false }: ProcessOptions = {},
): Promise<ProcessResult> {
  // Loaded here: a build that the cache answers starts no process and need not pay for execa.
  const { execa } = await import('execa')
  const started = performance.now()
  const child = execa(program, args, {
    cwd,
    // The C locale, so that the system's own part of a message is English too.
    env: { LC_ALL: 'C' },
    reject: false,
    stdin: 'ignore',
    stripFinalNewline: false,
    maxBuffer: 64 << 20,
    // Pipes and timers would hold this process as the child itself does.
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
    throw new CompileError(`${program} did not end within ${timeout / 1000} s, and was killed`)
  }
  if (result.signal) {
    throw new CompileError(`${program} was killed by ${result.signal}${lastLines(stderr)}`)
  }
  throw new CompileError(`Cannot run ${program}: ${result.originalMessage ?? result.message}`)
}

const lastLines = (text: string): string => {
  const lines = text.trimEnd().split('\n').slice(-5).join('\n')
  return lines ? `. Its last words:\n${lines}` : ''
}
