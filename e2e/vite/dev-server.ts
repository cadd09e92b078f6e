import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const vite = fileURLToPath(new URL('../../node_modules/vite/bin/vite.js', import.meta.url))

/** `vite dev` as a person starts it: a process of its own. Inside Vitest it runs no agent. */
export class DevServer {
  readonly url: string
  readonly #process: ChildProcess
  #output = ''
  #read = 0

  private constructor(folder: string, port: number, agentPort: number) {
    const { VITEST: _, ...env } = process.env
    this.url = `http://localhost:${port}/`
    this.#process = spawn(process.execPath, [vite, '--port', String(port), '--strictPort'], {
      cwd: folder,
      env: { ...env, AGENT_PORT: String(agentPort), NO_COLOR: '1', FORCE_COLOR: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const hear = (chunk: Buffer): void => void (this.#output += chunk.toString())
    this.#process.stdout?.on('data', hear)
    this.#process.stderr?.on('data', hear)
  }

  static async start(folder: string): Promise<DevServer> {
    return new DevServer(folder, await freePort(), await freePort())
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
      if (Date.now() > deadline || this.#process.exitCode !== null) {
        throw new Error(`vite dev does not print ${text}, but\n${this.unread}`)
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

  /** Ids of the BPF programs that the process holds. */
  async programs(): Promise<number[]> {
    const folder = `/proc/${this.#process.pid}/fdinfo`
    const ids = new Set<number>()
    for (const fd of await readdir(folder)) {
      // A descriptor may be closed meanwhile.
      const info = await readFile(`${folder}/${fd}`, 'utf8').catch(() => '')
      const id = /^prog_id:\s*(\d+)/m.exec(info)?.[1]
      if (id) ids.add(Number(id))
    }
    return [...ids].toSorted((a, b) => a - b)
  }

  /** @returns the exit code */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const exit = once(this.#process, 'exit')
      this.#process.kill(signal)
      await exit
    }
    return this.#process.exitCode
  }
}

/** Whether the kernel still has a program. */
export async function isLoaded(program: number): Promise<boolean> {
  try {
    await exec('bpftool', ['prog', 'show', 'id', String(program)])
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
