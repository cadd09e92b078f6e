import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process of Node that goes on while a test acts on it, and what it has printed so far. */
export class Running {
  readonly #process: ChildProcess
  #output = ''
  #read = 0

  /** Without the environment by which Vitest makes itself known: there no agent runs. */
  constructor(folder: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const { VITEST: _, ...env } = process.env
    this.#process = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...env, ...environment, NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const hear = (chunk: Buffer): void => void (this.#output += chunk.toString())
    this.#process.stdout?.on('data', hear)
    this.#process.stderr?.on('data', hear)
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Waits for `text` in what is printed from now on, and takes it and all before it as read. */
  async until(text: string, milliseconds = 30_000): Promise<void> {
    const deadline = Date.now() + milliseconds
    for (;;) {
      const at = this.#output.indexOf(text, this.#read)
      if (at >= 0) {
        this.#read = at + text.length
        return
      }
      if (Date.now() > deadline || this.#hasEnded) {
        throw new Error(`it does not print ${text}, but\n${this.unread}`)
      }
      await sleep(20)
    }
  }

  get unread(): string {
    return this.#output.slice(this.#read)
  }

  /** Takes what was printed so far as read. */
  forget(): void {
    this.#read = this.#output.length
  }

  /** @returns the exit code */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (!this.#hasEnded) {
      const exit = once(this.#process, 'exit')
      this.#process.kill(signal)
      await exit
    }
    return this.#process.exitCode
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null
  }
}
