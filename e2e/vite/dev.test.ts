import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { installPackage, type Installed } from '../install.ts'
import { loading } from '../loading.ts'
import { startDevServer } from './dev-server.ts'
import { isLoaded, programsOf } from './programs.ts'
import type { Running } from './running.ts'

const exec = promisify(execFile)
const playground = fileURLToPath(new URL('../../playground/vite', import.meta.url))
const executablePath = '/usr/bin/chromium'
const browserFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** One server, and what befalls it one after the other. */
describe.skipIf(!loading.possible)(`vite dev with an agent${loading.otherwise}`, () => {
  let installed: Installed
  let folder: string
  let server: Running
  let url: string
  /** Programs of the agent that runs. */
  let attached: number[]

  beforeAll(async () => {
    installed = await installPackage(['vite'])
    folder = join(installed.app, 'processes')
    await cp(playground, folder, { recursive: true, filter: (name) => !name.includes('.bpf/') })
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    ;({ process: server, url } = await startDevServer(folder))
  })
  afterAll(async () => {
    await server?.end()
    await installed?.remove()
  })

  /**
   * Vite's watcher drops a change within 50 ms of one of the same file (chokidar: FSWatcher._emit), as it counts them: on a
   * busy machine it hears of changes late.
   */
  async function edit(name: string, before: string, after: string, pause = 250): Promise<void> {
    const text = await readFile(join(folder, name), 'utf8')
    if (!text.includes(before)) throw new Error(`${name} has no ${before}`)
    await sleep(pause)
    server.forget()
    await writeFile(join(folder, name), text.replace(before, after))
  }

  const programs = (): Promise<number[]> => programsOf(server.pid)

  /** The old programs are gone, as many new ones are attached. */
  async function expectReplaced(): Promise<void> {
    const old = attached
    attached = await programs()
    expect(attached).toHaveLength(2)
    expect(attached.filter((id) => old.includes(id))).toEqual([])
    expect(await Promise.all(old.map(isLoaded))).toEqual([false, false])
  }

  /** Ends processes with this code until the agent prints one: it attaches a moment after it starts. */
  async function sees(code: number, line: string): Promise<void> {
    for (let attempt = 1; !server.unread.includes(line) && attempt <= 100; attempt++) {
      await exec('sh', ['-c', `exit ${code}`]).catch(() => {})
      await sleep(100)
    }
    await server.until(line)
  }

  it('runs the agent, which prints what its program sees', async () => {
    await server.until('ready in')
    await expect.poll(() => programs(), { timeout: 30_000 }).toHaveLength(2)
    attached = await programs()
    await sees(3, 'sh exit 3')
  })

  it('replaces the program when the source is saved', async () => {
    await edit('processes.bpf.c', 'exit_code) >> 8', 'exit_code) >> 7')
    await server.until('processes.bpf.c replaced in place')
    await sees(3, 'sh exit 6')
    await expectReplaced()
    expect(server.unread).not.toContain('agent restarted')
  })

  it('keeps it, and the loop over its events, when the verifier refuses the edited one', async () => {
    await edit('processes.bpf.c', '\tif (start)', '\tevent->lifetime = *start;\n\tif (start)')
    await server.until('processes.bpf.c does not load or attach: the old program stays attached')
    await server.until('the verifier rejects program on_exit')
    await server.until('event->lifetime = *start;')
    expect(await programs()).toEqual(attached)
    await sees(4, 'sh exit 8')
    await edit('processes.bpf.c', '\tevent->lifetime = *start;\n', '')
    await server.until('processes.bpf.c replaced in place')
    await sees(4, 'sh exit 8')
    await expectReplaced()
  })

  it('starts the agent anew when a saved header changes what it knows', async () => {
    await edit('process.h', 'char parent[16];', 'char parent[4];')
    await server.until('agent restarted: process.h (type process_event changed)')
    await sees(3, '(by nod)')
    await expectReplaced()
  })

  it('keeps it when the C does not compile', async () => {
    await edit('processes.bpf.c', 'ENDED, task)', 'ENDING, task)')
    await server.until('processes.bpf.c does not build: the old program stays attached')
    await server.until("error: use of undeclared identifier 'ENDING'")
    await server.until('new_event(ENDING, task)')
    expect(await programs()).toEqual(attached)
    await sees(4, 'sh exit 8')
  })

  it('replaces it when the C is mended', async () => {
    await edit('processes.bpf.c', 'ENDING, task)', 'ENDED, task)')
    await server.until('processes.bpf.c replaced in place')
    await expect.poll(() => programs()).not.toEqual(attached)
    await expect.poll(() => programs()).toHaveLength(2)
    await expectReplaced()
  })

  it('restarts the agent when its own module is saved', async () => {
    await edit('agent.ts', '} exit ${exit_code}', '} gone ${exit_code}')
    await server.until('agent restarted: agent.ts')
    await sees(1, 'sh gone 2')
    await expectReplaced()
  })

  it('keeps the agent when its module does not parse', async () => {
    await edit('agent.ts', 'const signal =', 'const const signal =')
    await server.until('agent.ts cannot run: the old one stays attached')
    expect(await programs()).toEqual(attached)
    await edit('agent.ts', 'const const signal =', 'const signal =')
    await server.until('agent restarted: agent.ts')
  })

  it('attaches once when saves follow one another', async () => {
    await edit('process.h', 'char parent[4];', 'char parent[8];', 60)
    await edit('process.h', 'char parent[8];', 'char parent[16];', 60)
    await edit('agent.ts', 'gone', 'left', 60)
    await server.until('agent restarted')
    await sees(5, 'sh left 10')
    await expect.poll(() => programs()).toHaveLength(2)
    await expectReplaced()
  })

  it('lets a run that is replaced while it starts attach nothing', async () => {
    const slowly = 'await new Promise((done) => setTimeout(done, 1000))\n'
    await edit('agent.ts', 'const processes', `${slowly}const processes`)
    await server.until('agent restarted: agent.ts')
    await edit('agent.ts', slowly, '')
    await server.until('agent restarted: agent.ts')
    await expect.poll(() => programs()).toHaveLength(2)
    attached = await programs()
    await sleep(1500)
    expect(await programs()).toEqual(attached)
    await sees(6, 'sh left 12')
  })

  it('detaches what an agent attached that failed, and starts the next', async () => {
    await edit('agent.ts', '.attach()', ".attach()\nthrow new Error('no luck')")
    await server.until('agent.ts threw an error: its programs are detached')
    await server.until('Error: no luck')
    await expect.poll(() => programs()).toEqual([])
    await edit('agent.ts', "\nthrow new Error('no luck')", '')
    await server.until('agent restarted: agent.ts')
    await expect.poll(() => programs()).toHaveLength(2)
    attached = await programs()
  })

  it('has one agent after the server restarted', async () => {
    await edit('vite.config.ts', 'plugins:', 'base: "/", plugins:')
    await server.until('server restarted')
    await expect.poll(() => programs(), { timeout: 30_000 }).toHaveLength(2)
    await expect.poll(() => Promise.all(attached.map(isLoaded))).toEqual([false, false])
    await sees(7, 'sh left 14')
    attached = await programs()
  })

  describe.skipIf(!existsSync(executablePath))(
    existsSync(executablePath) ? 'the page' : `the page (skipped: no ${executablePath})`,
    () => {
      let browser: Browser
      let page: Page

      beforeAll(async () => {
        browser = await chromium.launch({ executablePath, args: browserFlags })
        page = await browser.newPage()
        await page.goto(url)
      })
      afterAll(() => browser?.close())

      it('shows what the agent streams', async () => {
        await page.locator('body.live').waitFor()
        await sees(3, 'sh left 6')
        await page.locator('tr.failed', { hasText: 'exit 6' }).first().waitFor()
      })

      it('is laid over by a refusal of the verifier, with its line', async () => {
        await edit('processes.bpf.c', '\tif (start)', '\tevent->lifetime = *start;\n\tif (start)')
        const overlay = page.locator('vite-error-overlay')
        await overlay.waitFor()
        const message = await overlay.locator('.message').textContent()
        expect(message).toMatch(
          /processes\.bpf\.c:\d+:\d+: error: the verifier rejects program on_exit/,
        )
        expect(await overlay.locator('.frame').textContent()).toContain('event->lifetime = *start;')
        await edit('processes.bpf.c', '\tevent->lifetime = *start;\n', '')
        await overlay.waitFor({ state: 'detached' })
      })

      it('is laid over by a compile error, with its place and line, until that is mended', async () => {
        await edit('process.h', '__u32 pid;', '__u33 pid;')
        const overlay = page.locator('vite-error-overlay')
        await overlay.waitFor()
        expect(await overlay.locator('.message').textContent()).toContain(
          "process.h:9:2: error: unknown type name '__u33'",
        )
        expect(await overlay.locator('.frame').textContent()).toContain('__u33 pid;')
        await page.reload()
        await overlay.waitFor()
        await edit('process.h', '__u33 pid;', '__u32 pid;')
        await overlay.waitFor({ state: 'detached' })
      })
    },
  )

  it('detaches when the server is told to end', async () => {
    attached = await programs()
    expect(attached).toHaveLength(2)
    expect(await server.end('SIGINT')).toBe(130)
    expect(await Promise.all(attached.map(isLoaded))).toEqual([false, false])
  })
})
