import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const exec = promisify(execFile)
const docs = fileURLToPath(new URL('../../docs', import.meta.url))
const bin = (name: string): string => join(docs, 'node_modules', name)
const isInstalled = existsSync(bin('vitepress'))
const lack = isInstalled ? '' : ' (its packages are not installed: node scripts/setup.mjs docs)'

const executablePath = '/usr/bin/chromium'
const hasBrowser = existsSync(executablePath)
const noBrowser = hasBrowser ? '' : ` (there is no ${executablePath})`

/** What people look for, and the page that tells. */
const questions = [
  ['as()', 'guide/events'],
  ['with()', 'guide/types'],
  ['dotted path', 'guide/types'],
  ['shorter records', 'guide/events'],
  ['malformed', 'guide/events'],
  ['lost', 'guide/events'],
  ['blocked event loop', 'guide/events'],
  ['attachUsdt options', 'guide/programs-and-links'],
  ['setAttachTarget null', 'guide/programs-and-links'],
  ['probe', 'guide/programs-and-links'],
  ['libbpf_probe_bpf_helper', 'guide/programs-and-links'],
  ['bitfields', 'reference/c-types'],
  ['anonymous union', 'reference/c-types'],
  ['128 bits', 'reference/c-types'],
  ['bool', 'reference/c-types'],
  ['enum', 'reference/c-types'],
  ['pointers', 'reference/c-types'],
  ['tc filter outlives process', 'guide/programs-and-links'],
  ['vite build writes', 'guide/bundlers'],
  ['autocreate', 'guide/maps'],
  ['libbpf headers version', 'guide/shipping'],
  ['GPL helpers', 'guide/programs-and-links'],
] as const

let site: string

describe.skipIf(!isInstalled)(`the site${lack}`, () => {
  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'unplugin-bpf-site-'))
    await exec('node', [bin('typedoc/bin/typedoc')], { cwd: docs })
    await exec('node', [bin('vitepress/bin/vitepress.js'), 'build', '--outDir', site], {
      cwd: docs,
    })
  }, 600_000)
  afterAll(() => rm(site, { recursive: true, force: true }))

  it('is built, with every link leading somewhere', () => {
    // VitePress refuses dead links.
    expect(existsSync(join(site, 'guide/first-agent.html'))).toBe(true)
  })

  it('has a reference by entry of the package, without what is internal', async () => {
    const page = await readFile(join(site, 'reference/api/index.html'), 'utf8')
    for (const entry of ['runtime', 'codec', 'symbols', 'net', 'codegen']) {
      expect(page).toContain(`>unplugin-bpf/${entry}</a>`)
    }
    const link = join(site, 'reference/api/unplugin-bpf/runtime/interfaces/Link.html')
    expect(await readFile(link, 'utf8')).toContain('id="update"')
    expect(await readFile(link, 'utf8')).not.toContain('id="takeover"')
  })

  describe.skipIf(!hasBrowser)(`its search${noBrowser}`, () => {
    let server: Server
    let browser: Browser
    let page: Page

    beforeAll(async () => {
      server = createServer(async ({ url = '/' }, response) => {
        const { pathname } = new URL(url, 'http://localhost')
        const file = pathname === '/' ? 'index.html' : pathname
        const whole = join(site, extname(file) ? file : `${file}.html`)
        response.setHeader('content-type', contentTypes[extname(whole)] ?? 'text/html')
        await readFile(whole).then(
          (content) => response.end(content),
          () => response.writeHead(404).end(),
        )
      }).listen(0, 'localhost')
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] })
      page = await browser.newPage()
      const { port } = server.address() as AddressInfo
      await page.goto(`http://localhost:${port}/`)
      await page.click('.VPNavBarSearch button')
    }, 60_000)
    afterAll(async () => {
      await browser?.close()
      server?.close()
    })

    it.each(questions)('leads from %s to %s', async (words, target) => {
      await page.fill('.VPLocalSearchBox input', words)
      const found = (): Promise<string[]> =>
        page.$$eval('.VPLocalSearchBox .result', (results) =>
          results.slice(0, 3).map((result) => result.getAttribute('href') ?? ''),
        )
      await expect
        .poll(found, { timeout: 20_000 })
        .toContainEqual(expect.stringContaining(`/${target}#`))
    })
  })
})

const contentTypes: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.js': 'text/javascript',
}
